package dev.holdfast.keeper.linux;

import com.sun.jna.Memory;
import java.io.IOException;

/**
 * A process held by its pidfd (pidfd_open(2), Linux 5.3), which never comes to mean another process
 * when the pid is used again.
 */
public final class Pidfd implements AutoCloseable {
  // The same numbers on every architecture but alpha.
  private static final long PIDFD_SEND_SIGNAL = 424;
  private static final long PIDFD_OPEN = 434;
  private static final long PIDFD_GETFD = 438;

  private final Descriptor descriptor;

  private Pidfd(Descriptor descriptor) {
    this.descriptor = descriptor;
  }

  public static Pidfd open(int pid) throws IOException {
    // The kernel sets close-on-exec by itself.
    long number = LibC.syscall(PIDFD_OPEN, pid, 0, 0, 0);
    if (number < 0) {
      throw LinuxException.last("pidfd_open " + pid);
    }
    return new Pidfd(new Descriptor((int) number));
  }

  /**
   * The descriptor becomes readable when the process has ended, also before its parent has reaped
   * it.
   */
  public Descriptor descriptor() {
    return descriptor;
  }

  public void signal(int number) throws IOException {
    if (LibC.syscall(PIDFD_SEND_SIGNAL, descriptor.number(), number, 0, 0) != 0) {
      throw LinuxException.last("pidfd_send_signal " + number);
    }
  }

  /**
   * A descriptor of the same open file description as one of that process (pidfd_getfd(2), Linux
   * 5.6).
   */
  Descriptor take(int number) throws IOException {
    long taken = LibC.syscall(PIDFD_GETFD, descriptor.number(), number, 0, 0);
    if (taken < 0) {
      throw LinuxException.last("pidfd_getfd " + number);
    }
    return new Descriptor((int) taken);
  }

  public boolean hasExited() throws IOException {
    try (Memory entry = new Memory(PollEntries.ENTRY_BYTES)) {
      PollEntries.put(entry, 0, descriptor.number());
      int ready = LibC.poll(entry, 1, 0);
      if (ready < 0) {
        throw LinuxException.last("poll");
      }
      return ready == 1;
    }
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
