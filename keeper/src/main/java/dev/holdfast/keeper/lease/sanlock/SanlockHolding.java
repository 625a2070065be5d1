package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.handover.HandedResource;
import dev.holdfast.keeper.lease.Holding;
import dev.holdfast.keeper.linux.Descriptor;
import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.Lease;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/** A renewed lease of one machine. */
final class SanlockHolding implements Holding {
  private final SanlockBackend backend;
  private final JoinedLockspace joined;
  private final UUID machine;
  private final Lease.Sanlock lease;
  private final ResourceClaim claim;
  private final Instant since;

  SanlockHolding(
      SanlockBackend backend,
      JoinedLockspace joined,
      UUID machine,
      Lease.Sanlock lease,
      ResourceClaim claim,
      Instant since) {
    this.backend = backend;
    this.joined = joined;
    this.machine = machine;
    this.lease = lease;
    this.claim = claim;
    this.since = since;
  }

  JoinedLockspace joined() {
    return joined;
  }

  ResourceClaim claim() {
    return claim;
  }

  HandedResource.User user() {
    return new HandedResource.User(machine, lease, since);
  }

  @Override
  public HeldLease held() {
    return new HeldLease(lease, joined.spec().hostId(), claim.generation(), claim.version(), since);
  }

  @Override
  public void confirm() throws KeeperRefusal {
    if (!joined.fence().vouchesFor(claim.generation())) {
      throw new KeeperRefusal(
          FailureCode.LOCKSPACE_NOT_READY,
          "lease "
              + lease.resource()
              + " of machine "
              + machine
              + " is lost with the host id in lockspace "
              + lease.lockspace()
              + ": release it, and acquire it again when the lockspace is live");
    }
  }

  @Override
  public boolean endsWithKeeper() {
    return true;
  }

  @Override
  public Optional<Descriptor> inherited() {
    return Optional.of(joined.guardFile().descriptor());
  }

  @Override
  public HeldLease release(boolean paused) {
    backend.release(joined, machine, lease.resource());
    return held();
  }
}
