package dev.holdfast.keeper.sanlock.disk;

import java.time.Duration;

/**
 * The clock that leases live by. It never goes back, and goes on while the host is suspended
 * (CLOCK_BOOTTIME), as the patience of other hosts does.
 */
public interface Ticks {
  /** Time since some fixed moment, such as the host's start. */
  Duration now();

  /** Waits at least that long. */
  void sleep(Duration duration) throws InterruptedException;
}
