package dev.holdfast.keeper.linux;

import com.sun.jna.Native;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An open file descriptor that is closed at most once, so that a number the kernel has given away
 * again is never closed by mistake.
 */
public final class Descriptor implements AutoCloseable {
  static final int O_CLOEXEC = 0x80000;
  static final int O_NONBLOCK = 0x800;

  /** Value of asm-generic/fcntl.h on x86; arm64 has its own. */
  static final int O_NOFOLLOW = "aarch64".equals(System.getProperty("os.arch")) ? 0x8000 : 0x20000;

  private static final int F_SETFD = 2;
  private static final int F_DUPFD_CLOEXEC = 1030;

  private final int number;
  private final AtomicBoolean closed = new AtomicBoolean();

  Descriptor(int number) {
    this.number = number;
  }

  /**
   * Opens for reading, never blocking (a FIFO in the place of the file would) and never through a
   * symbolic link.
   */
  static Descriptor openForReading(String path) throws IOException {
    int number = LibC.open(path, O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW, 0);
    if (number < 0) {
      throw LinuxException.last("open " + path);
    }
    return new Descriptor(number);
  }

  /**
   * Opens the reading end of the pipe that is standard error of another process. The keeper that
   * made the pipe is gone, yet the pipe lives as long as its writer, and proc(5) lets it be opened
   * again. Fails where standard error is not a pipe.
   */
  public static Descriptor reopenStandardErrorOf(int pid) throws IOException {
    String path = "/proc/" + pid + "/fd/2";
    if (!java.nio.file.Files.readSymbolicLink(java.nio.file.Path.of(path))
        .toString()
        .startsWith("pipe:")) {
      throw new IOException(path + " is not a pipe");
    }
    int number = LibC.open(path, O_CLOEXEC | O_NONBLOCK, 0);
    if (number < 0) {
      throw LinuxException.last("open " + path);
    }
    return new Descriptor(number);
  }

  /** A descriptor that the program before this one has handed down ({@link #keepAcrossExec}). */
  public static Descriptor inherited(int number) throws IOException {
    var descriptor = new Descriptor(number);
    if (LibC.fcntl(number, F_SETFD, 1L) != 0) {
      throw LinuxException.last("fcntl F_SETFD " + number);
    }
    return descriptor;
  }

  /** Its number, for {@link #inherited} in the program that is executed next. */
  public int keepAcrossExec() throws IOException {
    keepAcrossExec(number);
    return number;
  }

  static void keepAcrossExec(int descriptor) throws IOException {
    if (LibC.fcntl(descriptor, F_SETFD, 0L) != 0) {
      throw LinuxException.last("fcntl F_SETFD " + descriptor);
    }
  }

  /**
   * Another descriptor of the same open file description, with a number that is at least the given
   * one.
   */
  Descriptor duplicate(int lowest) throws IOException {
    int duplicate = LibC.fcntl(number, F_DUPFD_CLOEXEC, (long) lowest);
    if (duplicate < 0) {
      throw LinuxException.last("fcntl F_DUPFD_CLOEXEC");
    }
    return new Descriptor(duplicate);
  }

  int number() {
    return number;
  }

  /**
   * Reads what is there.
   *
   * @return the bytes read, 0 at the end, -1 when nothing is there yet (the descriptor is
   *     non-blocking)
   */
  public int read(byte[] buffer) throws IOException {
    while (true) {
      long count = LibC.read(number, buffer, buffer.length);
      if (count >= 0) {
        return (int) count;
      }
      int error = Native.getLastError();
      if (error == LinuxException.EAGAIN) {
        return -1;
      }
      if (error != LinuxException.EINTR) {
        throw new LinuxException("read", error);
      }
    }
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      // close(2): the descriptor is released even when an error is returned, so there is nothing to
      // do about one.
      int ignored = LibC.close(number);
    }
  }
}
