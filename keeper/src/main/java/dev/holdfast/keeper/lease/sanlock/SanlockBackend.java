package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.lease.Holding;
import dev.holdfast.keeper.lease.LeaseBackend;
import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseHolder;
import dev.holdfast.keeper.protocol.lease.LeaseMode;
import dev.holdfast.keeper.sanlock.lockspace.Membership;
import dev.holdfast.keeper.sanlock.resource.AcquireResult;
import dev.holdfast.keeper.sanlock.resource.ReleaseResult;
import dev.holdfast.keeper.sanlock.resource.ResourceLease;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;

/** Leases of resources on storage that hosts share. */
public final class SanlockBackend implements LeaseBackend<Lease.Sanlock> {
  private static final Logger log = System.getLogger(SanlockBackend.class.getName());
  private static final long BETWEEN_RETRACTIONS_MILLIS = 1000;

  private final Lockspaces lockspaces;
  private final Clock clock;

  public SanlockBackend(Lockspaces lockspaces, Clock clock) {
    this.lockspaces = lockspaces;
    this.clock = clock;
  }

  @Override
  public Holding acquire(UUID machine, Optional<ProcessState> process, Lease.Sanlock lease)
      throws KeeperRefusal {
    if (process.isPresent() && process.get().tie() != Tie.KEEPER_LIFE) {
      throw new KeeperRefusal(
          FailureCode.FENCING_UNAVAILABLE,
          "machine " + machine + " runs with a process that would outlive the keeper");
    }
    JoinedLockspace joined = lockspaces.joined(lease.lockspace());
    joined.awaitResumed();
    joined.fence().guard();
    LocalResources resources = joined.resources();
    return switch (resources.enter(lease.resource(), lease.mode(), machine)) {
      case LocalResources.Entry.Fresh _ -> acquire(joined, machine, lease);
      case LocalResources.Entry.Joined(ResourceClaim claim) ->
          new SanlockHolding(this, joined, machine, lease, claim, clock.instant());
      case LocalResources.Entry.Taken(UUID other, LeaseMode mode) ->
          throw new KeeperRefusal(
              FailureCode.LEASE_HELD,
              "machine "
                  + other
                  + " of this host has lease "
                  + lease.resource()
                  + " ("
                  + mode.name().toLowerCase(java.util.Locale.ROOT)
                  + ")",
              new LeaseHolder(
                  lease,
                  other,
                  joined.spec().hostId(),
                  joined.spec().hostName(),
                  joined.lockspace().membership().map(Membership::generation).orElse(null),
                  null,
                  null));
      case LocalResources.Entry.Unsettled _ ->
          throw new KeeperRefusal(
              FailureCode.LEASE_UNKNOWN,
              "lease "
                  + lease.resource()
                  + " is still being given back on the storage; ask again later");
    };
  }

  private Holding acquire(JoinedLockspace joined, UUID machine, Lease.Sanlock lease)
      throws KeeperRefusal {
    ResourceLease resource;
    try {
      resource = lockspaces.resource(joined, lease.path(), lease.resource(), lease.offset());
    } catch (IllegalArgumentException wrongOffset) {
      settle(joined, lease.resource());
      throw new KeeperRefusal(FailureCode.MALFORMED, String.valueOf(wrongOffset.getMessage()));
    }
    boolean acquired = false;
    try {
      ResourceClaim claim = acquire(joined, lease, resource);
      acquired = true;
      joined.resources().acquired(lease.resource(), claim);
      // The machine counts from here on; what the fence has done before it did not see it.
      var holding = new SanlockHolding(this, joined, machine, lease, claim, clock.instant());
      try {
        joined.fence().guard();
        holding.confirm();
      } catch (KeeperRefusal refusal) {
        release(joined, machine, lease.resource());
        throw refusal;
      }
      return holding;
    } finally {
      if (!acquired) {
        joined.resources().unsettle(lease.resource());
        giveBack(joined, lease.resource(), resource);
      }
    }
  }

  private static void settle(JoinedLockspace joined, String resource) {
    joined.resources().settled(resource);
    joined.fence().released();
  }

  private ResourceClaim acquire(JoinedLockspace joined, Lease.Sanlock lease, ResourceLease resource)
      throws KeeperRefusal {
    Long version = lease.version();
    AcquireResult result;
    lockspaces.enterStorage(joined);
    try {
      result =
          resource.acquire(
              translate(lease.mode()),
              version == null ? OptionalLong.empty() : OptionalLong.of(version));
    } catch (IOException failure) {
      throw new KeeperRefusal(
          FailureCode.LEASE_STORAGE,
          "lease " + lease.resource() + " was not acquired: " + failure.getMessage());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new KeeperRefusal(
          FailureCode.LEASE_UNKNOWN, "lease " + lease.resource() + ": the keeper is ending");
    } finally {
      lockspaces.leaveStorage(joined);
    }
    return switch (result) {
      case AcquireResult.Acquired(_, long acquired) ->
          new ResourceClaim(resource, generation(joined, lease, resource), acquired);
      case AcquireResult.Held held -> throw LeaseRefusals.held(joined, lease, held);
      case AcquireResult.VersionMismatch mismatch ->
          throw LeaseRefusals.mismatch(joined, lease, mismatch);
      case AcquireResult.Contended _ ->
          throw new KeeperRefusal(
              FailureCode.LEASE_HELD,
              "several hosts ask for lease "
                  + lease.resource()
                  + " at the same time, and nobody got it yet; ask again");
      case AcquireResult.OwnershipUnknown(IOException cause) ->
          throw new KeeperRefusal(
              FailureCode.LEASE_UNKNOWN,
              "whose lease "
                  + lease.resource()
                  + " is cannot be known, since storage failed while it was decided ("
                  + cause.getMessage()
                  + "); it is being given back; ask again later");
      case AcquireResult.HostIdLost(String reason) -> throw lost(lease, reason);
    };
  }

  /** The life of our host id under which the lease was acquired. */
  private static long generation(
      JoinedLockspace joined, Lease.Sanlock lease, ResourceLease resource) throws KeeperRefusal {
    Optional<Membership> membership = joined.lockspace().membership();
    // The lease has a version only while that life goes on, so the one just read is it.
    if (membership.isEmpty() || resource.version().isEmpty()) {
      throw lost(lease, "the host id was lost meanwhile");
    }
    return membership.get().generation();
  }

  private static KeeperRefusal lost(Lease.Sanlock lease, String reason) {
    return new KeeperRefusal(
        FailureCode.LOCKSPACE_NOT_READY,
        "lease " + lease.resource() + " was not acquired: " + reason);
  }

  static dev.holdfast.keeper.sanlock.resource.LeaseMode translate(LeaseMode mode) {
    return switch (mode) {
      case EXCLUSIVE -> dev.holdfast.keeper.sanlock.resource.LeaseMode.EXCLUSIVE;
      case SHARED -> dev.holdfast.keeper.sanlock.resource.LeaseMode.SHARED;
    };
  }

  /** A machine no longer uses a resource; the last one gives it back to the storage. */
  void release(JoinedLockspace joined, UUID machine, String resource) {
    joined.awaitResumed();
    joined
        .resources()
        .leave(resource, machine)
        .ifPresent(claim -> giveBack(joined, resource, claim.lease()));
  }

  /** Once at once; if storage fails, again and again in the background until it is known. */
  private void giveBack(JoinedLockspace joined, String name, ResourceLease resource) {
    if (!tryGiveBack(joined, name, resource)) {
      Thread.ofPlatform()
          .name("keeper-retraction")
          .daemon()
          .start(() -> retract(joined, name, resource));
    }
  }

  private void retract(JoinedLockspace joined, String name, ResourceLease resource) {
    try {
      do {
        Thread.sleep(BETWEEN_RETRACTIONS_MILLIS);
      } while (!tryGiveBack(joined, name, resource));
    } catch (InterruptedException nobodyInterruptsIt) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean tryGiveBack(JoinedLockspace joined, String name, ResourceLease resource) {
    try {
      ReleaseResult result = resource.release();
      log.log(Level.DEBUG, "Lease {0}: {1}", name, result);
    } catch (IOException failure) {
      log.log(Level.WARNING, "Lease {0} is not given back yet: {1}", name, failure.getMessage());
      return false;
    }
    settle(joined, name);
    return true;
  }

  /** What it holds ends with the keeper: no process keeps it for a later one. */
  @Override
  public List<Holding> find(ProcessState process) {
    return List.of();
  }

  @Override
  public void exited(UUID machine) {}
}
