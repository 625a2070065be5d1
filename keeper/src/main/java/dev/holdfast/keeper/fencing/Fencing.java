package dev.holdfast.keeper.fencing;

import java.nio.file.Path;
import java.time.Duration;

/**
 * All that ends machines, and when. Of one host, the same for all lockspaces.
 *
 * @param fireTimeout how long after its failure other hosts wait for this one, at least 1 s; the
 *     watchdog fires within it. Must be equal on all hosts
 * @param watchdogSocket of wdmd
 */
public record Fencing(
    DeadMan deadMan,
    Executioner executioner,
    WatchdogMode watchdogMode,
    Path watchdogSocket,
    Duration fireTimeout) {
  private static final Duration LONGEST_GRACE = Duration.ofSeconds(15);
  private static final int GRACE_DIVISOR = 4;

  /**
   * How long after the failure of a lockspace the kernel ends the keeper that has not done its
   * work: so late that the keeper can, so early that the machines are gone long before other hosts
   * stop to wait.
   */
  public Duration grace() {
    Duration grace = fireTimeout.dividedBy(GRACE_DIVISOR);
    return grace.compareTo(LONGEST_GRACE) < 0 ? grace : LONGEST_GRACE;
  }

  /** A watchdog for one lockspace. */
  public Watchdog watchdog(String lockspace) {
    return new Watchdog(watchdogMode, watchdogSocket, lockspace, fireTimeout);
  }
}
