package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.handover.HandedLockspace;
import dev.holdfast.keeper.handover.HandedResource;
import dev.holdfast.keeper.lease.Holding;
import dev.holdfast.keeper.lease.LeaseTable;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.sanlock.format.HostBitmap;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.lockspace.Continuation;
import dev.holdfast.keeper.sanlock.lockspace.Membership;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Leaves lockspaces and the leases in them to the program that this process executes next. */
public final class LockspaceHandover {
  private final Lockspaces lockspaces;
  private final SanlockBackend backend;
  private final LeaseTable table;

  public LockspaceHandover(Lockspaces lockspaces, SanlockBackend backend, LeaseTable table) {
    this.lockspaces = lockspaces;
    this.backend = backend;
    this.table = table;
  }

  /**
   * Renews every host id once more and has all of it stand still; nothing else may be asked for
   * meanwhile.
   *
   * @throws IOException if storage does not answer, or machines are being ended, or leases acquired
   *     or given back: {@link #goOn}, and try again later
   */
  public List<HandedLockspace> standStill() throws IOException {
    var handed = new ArrayList<HandedLockspace>();
    for (JoinedLockspace joined : lockspaces.all()) {
      if (joined.resources().isUnsettled() || joined.fence().hasFailed()) {
        throw new IOException(
            "leases in lockspace "
                + joined.spec().name()
                + " are being given back, or its machines ended");
      }
      Duration limit = joined.lockspace().settings().times().renewal().plusSeconds(1);
      handed.add(handOver(joined, joined.standStill(limit)));
    }
    lockspaces.all().forEach(joined -> joined.fence().suspendWatchdog());
    return handed;
  }

  private HandedLockspace handOver(JoinedLockspace joined, Optional<Continuation> continuation)
      throws IOException {
    Integer guard = joined.guardFile().handOver().orElse(null);
    if (continuation.isEmpty()) {
      if (!joined.resources().isEmpty()) {
        throw new IOException(
            "the host id in lockspace "
                + joined.spec().name()
                + " is not renewed, but leases held");
      }
      return new HandedLockspace(joined.spec(), guard, null, List.of());
    }
    Continuation left = continuation.get();
    var life =
        new HandedLockspace.Life(
            left.membership().generation(),
            left.membership().lastRenewal().toNanos(),
            left.record().sector(left.bitmap()));
    Map<ResourceClaim, List<HandedResource.User>> users = new LinkedHashMap<>();
    for (Holding holding : table.all()) {
      if (holding instanceof SanlockHolding sanlock && sanlock.joined().equals(joined)) {
        users.computeIfAbsent(sanlock.claim(), _ -> new ArrayList<>()).add(sanlock.user());
      }
    }
    var resources = new ArrayList<HandedResource>();
    users.forEach(
        (claim, machines) ->
            resources.add(new HandedResource(claim.generation(), claim.version(), machines)));
    return new HandedLockspace(joined.spec(), guard, life, resources);
  }

  /** Undoes {@link #standStill}. */
  public void goOn() {
    lockspaces.all().forEach(JoinedLockspace::goOn);
  }

  /** Goes on with what the program before this one has left. */
  public void takeOver(List<HandedLockspace> handed) throws IOException {
    for (HandedLockspace each : handed) {
      JoinedLockspace joined = lockspaces.create(each.lockspace());
      Integer guard = each.guard();
      if (guard != null) {
        joined.guardFile().takeOver(guard);
      }
      HandedLockspace.Life life = each.life();
      if (life != null) {
        for (HandedResource resource : each.resources()) {
          takeOver(joined, resource);
        }
        joined.follow(
            new Continuation(
                new Membership(
                    each.lockspace().hostId(),
                    life.generation(),
                    Duration.ofNanos(life.lastRenewalNanos())),
                LeaderRecord.decode(life.sector(), 0),
                HostBitmap.decode(life.sector(), 0)));
      }
      lockspaces.add(joined);
    }
  }

  private void takeOver(JoinedLockspace joined, HandedResource handed) {
    Lease.Sanlock first = handed.users().getFirst().lease();
    var claim =
        new ResourceClaim(
            lockspaces.resource(joined, first.path(), first.resource(), first.offset()),
            handed.generation(),
            handed.version());
    joined
        .resources()
        .takeOver(
            first.resource(),
            first.mode(),
            handed.users().stream().map(HandedResource.User::machine).toList(),
            claim);
    for (HandedResource.User user : handed.users()) {
      table.add(
          user.machine(),
          List.of(
              new SanlockHolding(
                  backend, joined, user.machine(), user.lease(), claim, user.since())));
    }
  }
}
