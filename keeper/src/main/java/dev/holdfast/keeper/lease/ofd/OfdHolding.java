package dev.holdfast.keeper.lease.ofd;

import dev.holdfast.keeper.handover.HandedLock;
import dev.holdfast.keeper.lease.DisposableThread;
import dev.holdfast.keeper.lease.Holding;
import dev.holdfast.keeper.linux.Descriptor;
import dev.holdfast.keeper.linux.OfdLock;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.Lease;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/** A lock that a machine's process holds beside the keeper. */
final class OfdHolding implements Holding {
  private static final Logger log = System.getLogger(OfdHolding.class.getName());

  private final OfdBackend backend;
  private final UUID machine;
  private final Lease.Ofd lease;
  private final OfdLock lock;
  private final boolean heldByProcess;
  private final Instant since;

  /**
   * @param heldByProcess false for a lock that was taken for a process that runs without it: only
   *     the keeper holds it
   */
  OfdHolding(
      OfdBackend backend,
      UUID machine,
      Lease.Ofd lease,
      OfdLock lock,
      boolean heldByProcess,
      Instant since) {
    this.backend = backend;
    this.machine = machine;
    this.lease = lease;
    this.lock = lock;
    this.heldByProcess = heldByProcess;
    this.since = since;
  }

  HandedLock handOver() throws IOException {
    return new HandedLock(machine, lease, lock.descriptor().keepAcrossExec(), heldByProcess, since);
  }

  @Override
  public HeldLease held() {
    return new HeldLease(lease, null, null, null, since);
  }

  /** It cannot be lost while the keeper's descriptor is open. */
  @Override
  public void confirm() {}

  @Override
  public boolean endsWithKeeper() {
    return !heldByProcess;
  }

  @Override
  public Optional<Descriptor> inherited() {
    return Optional.of(lock.descriptor());
  }

  @Override
  public HeldLease release(boolean paused) {
    try {
      boolean ignored =
          DisposableThread.call(
              "releasing the lock on " + lease.path(),
              OfdBackend.LIMIT,
              () -> {
                if (paused) {
                  lock.unlock();
                } else {
                  // Not unlocked: should some descendant of the process still live, it keeps it.
                  lock.close();
                }
                return true;
              },
              _ -> {});
    } catch (IOException failure) {
      log.log(Level.WARNING, "Machine {0}: {1}", machine, failure.getMessage());
    }
    if (paused) {
      backend.keep(machine, lock);
    }
    return held();
  }
}
