package dev.holdfast.keeper.sanlock.lockspace;

import java.time.Duration;

/**
 * All times that follow from a host's I/O timeout; they are the same for every host that looks at
 * that host's record.
 *
 * @param ioTimeout T, whole seconds from 1 to 255
 * @param watchdogFire how long after its failure a host is surely gone; must be the same on all
 *     hosts, and is 60 s in sanlock
 */
public record LeaseTimes(Duration ioTimeout, Duration watchdogFire) {
  /** That of sanlock. */
  public static final Duration WATCHDOG_FIRE = Duration.ofSeconds(60);

  private static final int RENEWAL = 2;
  private static final int LATE = 6;
  private static final int FAILED = 8;
  private static final int SETTLED = 2;

  public LeaseTimes {
    long seconds = ioTimeout.toSeconds();
    if (seconds < 1 || seconds > 255 || !ioTimeout.equals(Duration.ofSeconds(seconds))) {
      throw new IllegalArgumentException(
          "an I/O timeout is 1 to 255 whole seconds, not " + ioTimeout);
    }
    if (watchdogFire.isNegative()) {
      throw new IllegalArgumentException("a watchdog fires after a time, not " + watchdogFire);
    }
  }

  /** From a successful renewal to the next. */
  public Duration renewal() {
    return ioTimeout.multipliedBy(RENEWAL);
  }

  /** Without a successful renewal for so long, there is reason to worry. */
  public Duration late() {
    return ioTimeout.multipliedBy(LATE);
  }

  /** Without a successful renewal for so long, whatever needs the leases must be ended. */
  public Duration failed() {
    return ioTimeout.multipliedBy(FAILED);
  }

  /** Without a change for more than this, others may take what the host has. */
  public Duration dead() {
    return failed().plus(watchdogFire);
  }

  /**
   * When a host's record was replaced by another's for so long, the host is gone: it may have been
   * about to renew, up to its failure, and finds out afterwards.
   */
  public Duration othersDead() {
    return failed().plus(dead());
  }

  /** After its first write a host waits so long before it believes what it reads. */
  Duration settled() {
    return ioTimeout.multipliedBy(SETTLED);
  }
}
