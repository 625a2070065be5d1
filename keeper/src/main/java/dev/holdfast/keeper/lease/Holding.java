package dev.holdfast.keeper.lease;

import dev.holdfast.keeper.linux.Descriptor;
import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import java.util.Optional;

/** A lease that one machine holds. */
public interface Holding {
  HeldLease held();

  /**
   * Makes sure that a process may be started on it now.
   *
   * @throws KeeperRefusal if it is no longer, or not provably, held
   */
  void confirm() throws KeeperRefusal;

  /** Whether it is lost when the keeper dies, so that the process must die with the keeper. */
  boolean endsWithKeeper();

  /** What the machine's process must be given to hold the lease, or to show that it still lives. */
  Optional<Descriptor> inherited();

  /**
   * Gives it up. It may be held by the storage's word for some time yet, never by ours.
   *
   * @param paused the machine's process lives and is stopped, so what is needed to acquire the
   *     lease again is kept
   * @return what was held
   */
  HeldLease release(boolean paused);
}
