package dev.holdfast.keeper.linux;

import com.sun.jna.Memory;
import java.io.IOException;
import java.time.Duration;

/**
 * A timer of the kernel that kills this very process (timer_create(2), SIGKILL). It goes off
 * whatever the process does or does not do: stopped, frozen, or hung in a system call. Its clock
 * CLOCK_BOOTTIME goes on while the host is suspended.
 *
 * <p>A timer does not outlive execve(2).
 */
public final class KillTimer implements AutoCloseable {
  private static final int CLOCK_BOOTTIME = 7;
  private static final int TIMER_ABSTIME = 1;
  private static final int SIGKILL = 9;
  private static final int NANOS_OFFSET = 8;

  /** {@code struct itimerspec}: interval, then value, each of seconds and nanoseconds. */
  private static final int SPECIFICATION_BYTES = 32;

  private static final int VALUE_OFFSET = 16;
  private static final int EVENT_BYTES = 64;

  private final com.sun.jna.Pointer timer;

  private KillTimer(com.sun.jna.Pointer timer) {
    this.timer = timer;
  }

  /**
   * Makes a timer that is not armed.
   *
   * @throws IOException where the kernel or a sandbox does not have it
   */
  public static KillTimer create() throws IOException {
    try (Memory event = new Memory(EVENT_BYTES);
        Memory timer = new Memory(Long.BYTES)) {
      // struct sigevent: union sigval at 0, int sigev_signo at 8, int sigev_notify at 12, in which
      // 0 is SIGEV_SIGNAL.
      event.clear();
      event.setInt(8, SIGKILL);
      timer.clear();
      if (LibC.timer_create(CLOCK_BOOTTIME, event, timer) != 0) {
        throw LinuxException.last("timer_create CLOCK_BOOTTIME");
      }
      return new KillTimer(timer.getPointer(0));
    }
  }

  /** Time since the host was started, including suspension. */
  public static Duration now() throws IOException {
    try (Memory value = new Memory(16)) {
      if (LibC.clock_gettime(CLOCK_BOOTTIME, value) != 0) {
        throw LinuxException.last("clock_gettime CLOCK_BOOTTIME");
      }
      return Duration.ofSeconds(value.getLong(0), value.getLong(NANOS_OFFSET));
    }
  }

  /**
   * Sets when this process is killed, in place of what was set before. A time that has passed kills
   * at once.
   *
   * @param at as {@link #now} counts, more than 0
   */
  public void killAt(Duration at) throws IOException {
    set(Math.max(0, at.getSeconds()), at.getSeconds() < 0 ? 1 : Math.max(1, at.getNano()));
  }

  public void disarm() throws IOException {
    set(0, 0);
  }

  private void set(long seconds, long nanos) throws IOException {
    try (Memory specification = new Memory(SPECIFICATION_BYTES)) {
      specification.clear();
      specification.setLong(VALUE_OFFSET, seconds);
      specification.setLong(VALUE_OFFSET + NANOS_OFFSET, nanos);
      if (LibC.timer_settime(timer, TIMER_ABSTIME, specification, null) != 0) {
        throw LinuxException.last("timer_settime");
      }
    }
  }

  /** Disarms it for ever. */
  @Override
  public void close() {
    int ignored = LibC.timer_delete(timer);
  }
}
