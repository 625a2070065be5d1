package dev.holdfast.keeper.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * A file or block device read and written past the page cache, since what is in the cache of one
 * host says nothing about the others: O_DIRECT | O_SYNC with page-aligned buffers (open(2)). {@link
 * java.nio.channels.FileChannel} takes the block size of the file system for the alignment, which
 * rules sectors of 512 bytes out.
 *
 * <p>Thread-safe. Methods block as long as the storage does, in the kernel, where nothing can end
 * them.
 */
public final class DirectFile implements AutoCloseable {
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;
  private static final int O_EXCL = 0x80;
  private static final int OWNER_ONLY = 0600;
  private static final int O_SYNC = 0x101000;

  /** Value of asm-generic/fcntl.h on x86; arm64 has its own. */
  private static final int O_DIRECT =
      "aarch64".equals(System.getProperty("os.arch")) ? 0x10000 : 0x4000;

  private static final int PAGE_BYTES = 4096;

  private final Path file;
  private final Descriptor descriptor;

  private DirectFile(Path file, Descriptor descriptor) {
    this.file = file;
    this.descriptor = descriptor;
  }

  public static DirectFile open(Path file) throws IOException {
    return open(file, O_RDWR);
  }

  /** Opens what may not be written, or shall not be. */
  public static DirectFile openForReading(Path file) throws IOException {
    return open(file, 0);
  }

  private static DirectFile open(Path file, int access) throws IOException {
    int number = LibC.open(file.toString(), access | O_DIRECT | O_SYNC | Descriptor.O_CLOEXEC, 0);
    if (number < 0) {
      int error = Native.getLastError();
      throw new LinuxException(
          error == LinuxException.EINVAL
              ? "open " + file + " (its file system must know O_DIRECT)"
              : "open " + file,
          error);
    }
    return new DirectFile(file, new Descriptor(number));
  }

  /**
   * Makes a file that must not exist yet, with mode 0600.
   *
   * @param bytes its size, all of it zero
   */
  public static DirectFile create(Path file, long bytes) throws IOException {
    int number =
        LibC.open(
            file.toString(),
            O_RDWR | O_CREAT | O_EXCL | O_DIRECT | O_SYNC | Descriptor.O_CLOEXEC,
            OWNER_ONLY);
    if (number < 0) {
      throw LinuxException.last("open " + file);
    }
    var created = new DirectFile(file, new Descriptor(number));
    if (LibC.ftruncate(number, bytes) != 0) {
      LinuxException failure = LinuxException.last("ftruncate " + file);
      created.close();
      throw failure;
    }
    return created;
  }

  /**
   * Reads exactly {@code length} bytes.
   *
   * @param offset a multiple of the sector size, as is {@code length}
   * @throws IOException also when the file ends before
   */
  public byte[] read(long offset, int length) throws IOException {
    return read(offset, length, false);
  }

  /** Reads as if zeros came after the end of the file. */
  public byte[] readPastEnd(long offset, int length) throws IOException {
    return read(offset, length, true);
  }

  private byte[] read(long offset, int length, boolean pastEnd) throws IOException {
    try (Memory memory = new Memory((long) length + PAGE_BYTES)) {
      Memory buffer = memory.align(PAGE_BYTES);
      int done = 0;
      while (done < length) {
        long count =
            LibC.pread(descriptor.number(), buffer.share(done), length - done, offset + done);
        if (count < 0 && Native.getLastError() == LinuxException.EINTR) {
          continue;
        }
        if (count < 0) {
          throw LinuxException.last("read " + file + " at " + (offset + done));
        }
        if (count == 0 && pastEnd) {
          return Arrays.copyOf(buffer.getByteArray(0, done), length);
        }
        if (count == 0) {
          throw new IOException(file + " ends at " + (offset + done));
        }
        done += (int) count;
      }
      return buffer.getByteArray(0, length);
    }
  }

  /**
   * Writes in one system call, so that a sector is written as a whole or not at all.
   *
   * @param offset a multiple of the sector size, as is the length
   */
  public void write(long offset, byte[] bytes) throws IOException {
    try (Memory memory = new Memory((long) bytes.length + PAGE_BYTES)) {
      Memory buffer = memory.align(PAGE_BYTES);
      buffer.write(0, bytes, 0, bytes.length);
      long count;
      do {
        count = LibC.pwrite(descriptor.number(), buffer, bytes.length, offset);
      } while (count < 0 && Native.getLastError() == LinuxException.EINTR);
      if (count < 0) {
        throw LinuxException.last("write " + file + " at " + offset);
      }
      if (count != bytes.length) {
        throw new IOException(
            "write " + file + " at " + offset + ": " + count + " of " + bytes.length + " bytes");
      }
    }
  }

  /** Makes sure that what was written, and the size of the file, survive a power failure. */
  public void sync() throws IOException {
    if (LibC.fsync(descriptor.number()) != 0) {
      throw LinuxException.last("fsync " + file);
    }
  }

  @Override
  public void close() {
    descriptor.close();
  }
}
