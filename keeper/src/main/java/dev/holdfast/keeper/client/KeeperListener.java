package dev.holdfast.keeper.client;

import dev.holdfast.keeper.protocol.Event;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.lease.LockspaceState;

/**
 * Hears what the keeper tells unasked, one call at a time on a thread of its own; it may call the
 * client.
 */
public interface KeeperListener {
  /**
   * A process has ended; its exit is present. May come before the launch that started it has
   * returned.
   */
  void exited(ProcessState process);

  /**
   * The phase of a lockspace or the state of another host in it has changed. Whoever uses no
   * lockspaces need not listen.
   */
  default void lockspaceChanged(LockspaceState state) {}

  /**
   * The keeper has killed a machine whose leases it could no longer vouch for. Whoever uses no
   * lockspaces need not listen.
   */
  default void leasesLost(Event.LeasesLost lost) {}

  /**
   * The connection is gone, also after {@link KeeperClient#close}. The last call. Exits since then
   * are found by listing after connecting again.
   */
  void disconnected(String reason);
}
