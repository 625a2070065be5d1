package dev.holdfast.keeper.client;

import dev.holdfast.keeper.protocol.ProcessState;

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
   * The connection is gone, also after {@link KeeperClient#close}. The last call. Exits since then
   * are found by listing after connecting again.
   */
  void disconnected(String reason);
}
