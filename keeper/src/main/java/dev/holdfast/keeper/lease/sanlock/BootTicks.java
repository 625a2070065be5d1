package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.linux.KillTimer;
import dev.holdfast.keeper.sanlock.disk.Ticks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;

/** The kernel's CLOCK_BOOTTIME, by which the dead-man timer runs too. */
public final class BootTicks implements Ticks {
  @Override
  public Duration now() {
    try {
      return KillTimer.now();
    } catch (IOException impossible) {
      // Linux has had it since 2.6.39.
      throw new UncheckedIOException(impossible);
    }
  }

  @Override
  public void sleep(Duration duration) throws InterruptedException {
    Duration end = now().plus(duration);
    for (Duration left = duration; left.isPositive(); left = end.minus(now())) {
      Thread.sleep(left.plusMillis(1));
    }
  }
}
