package dev.holdfast.node.host.keeper;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperListener;
import java.io.IOException;

/** How to reach this host's keeper; it may start one where none answers. */
@FunctionalInterface
public interface KeeperConnector {
  /**
   * Connects once; called again after a lost connection, with growing pauses.
   *
   * @throws IOException when no keeper answers
   */
  KeeperClient connect(KeeperListener listener) throws IOException;
}
