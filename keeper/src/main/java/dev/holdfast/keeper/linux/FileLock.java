package dev.holdfast.keeper.linux;

import com.sun.jna.Memory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * What the kernel knows of the lock on a pidfile: QEMU holds a write lock (fcntl(2), F_SETLK) on
 * its own as long as it lives.
 */
public final class FileLock {
  private static final int F_GETLK = 5;
  private static final short F_WRLCK = 1;
  private static final short F_UNLCK = 2;
  private static final int LONGEST_PID_FILE = 32;

  private FileLock() {}

  /**
   * A pidfile as it is now.
   *
   * @param content the file's text, at most 32 bytes of it
   * @param holder pid of the process that holds a lock on the file; empty when there is none, -1
   *     for a lock that belongs to an open file description
   */
  public record LockedFile(String content, OptionalInt holder) {}

  /** Reads a pidfile and asks the kernel who has locked it. */
  public static LockedFile inspect(Path file) throws IOException {
    try (Descriptor descriptor = Descriptor.openForReading(file.toString());
        Memory flock = new Memory(32)) {
      byte[] buffer = new byte[LONGEST_PID_FILE];
      int length = Math.max(0, descriptor.read(buffer));
      // struct flock with 64-bit offsets: short l_type, short l_whence, long l_start at 8, long
      // l_len at 16, int l_pid at 24. All zero is "the whole file".
      flock.clear();
      flock.setShort(0, F_WRLCK);
      if (LibC.fcntl(descriptor.number(), F_GETLK, flock) != 0) {
        throw LinuxException.last("fcntl F_GETLK " + file);
      }
      OptionalInt holder =
          flock.getShort(0) == F_UNLCK ? OptionalInt.empty() : OptionalInt.of(flock.getInt(24));
      return new LockedFile(
          new String(buffer, 0, length, StandardCharsets.US_ASCII).strip(), holder);
    }
  }
}
