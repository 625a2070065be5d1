package dev.holdfast.keeper.lease;

import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.lease.Lease;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * One kind of lease. Thread-safe; methods may block for as long as storage is given to answer.
 *
 * @param <L> the kind
 */
public interface LeaseBackend<L extends Lease> {
  /**
   * Acquires a lease, without waiting for whoever has it.
   *
   * @param process the machine's live process, if it has one
   * @throws KeeperRefusal if somebody else has it, or nobody can know; nothing is held then
   */
  Holding acquire(UUID machine, Optional<ProcessState> process, L lease) throws KeeperRefusal;

  /** What a process has kept that an earlier keeper started. */
  List<Holding> find(ProcessState process);

  /** The machine's process is gone, and with it what was kept for it while it was paused. */
  void exited(UUID machine);
}
