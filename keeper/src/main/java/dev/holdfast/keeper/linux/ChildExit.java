package dev.holdfast.keeper.linux;

import java.io.IOException;
import java.util.Optional;

/** How a child of this process ended, read by reaping it (waitpid(2)). */
public sealed interface ChildExit {
  /** It ended by itself, with a code of 0 to 255. */
  record Code(int code) implements ChildExit {}

  /** A signal ended it; the numbers are those of signal(7). */
  record Killed(int signal) implements ChildExit {}

  /**
   * Reaps the child if it has ended; empty while it lives. A child that was reaped must not be
   * asked for again.
   */
  public static Optional<ChildExit> reap(int pid) throws IOException {
    final int noHang = 1;
    int[] status = new int[1];
    int reaped = LibC.waitpid(pid, status, noHang);
    if (reaped < 0) {
      throw LinuxException.last("waitpid " + pid);
    }
    if (reaped == 0) {
      return Optional.empty();
    }
    int signal = status[0] & 0x7f;
    return Optional.of(signal == 0 ? new Code((status[0] >> 8) & 0xff) : new Killed(signal));
  }
}
