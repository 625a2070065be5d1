package dev.holdfast.keeper.server;

import dev.holdfast.keeper.fencing.WatchdogMode;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What can be set of a keeper.
 *
 * @param socket to answer on; the files beside it belong to this keeper too
 * @param watchdogFireTimeout how long after its failure a host is waited for; at least 1 s, equal
 *     on all hosts that share storage
 * @param watchdogSocket where wdmd answers
 */
public record KeeperOptions(
    Path socket, Duration watchdogFireTimeout, WatchdogMode watchdog, Path watchdogSocket) {
  public static final Duration DEFAULT_WATCHDOG_FIRE_TIMEOUT = Duration.ofSeconds(60);
  public static final Path DEFAULT_WATCHDOG_SOCKET = Path.of("/run/wdmd/wdmd.sock");

  public KeeperOptions {
    if (watchdogFireTimeout.compareTo(Duration.ofSeconds(1)) < 0) {
      throw new IllegalArgumentException("the watchdog's fire timeout must be 1 s or more");
    }
  }

  public static KeeperOptions defaults(Path socket) {
    return new KeeperOptions(
        socket, DEFAULT_WATCHDOG_FIRE_TIMEOUT, WatchdogMode.AUTO, DEFAULT_WATCHDOG_SOCKET);
  }
}
