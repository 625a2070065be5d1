package dev.holdfast.keeper.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A file or block device read and written past the page cache, since what is in the cache of one
 * host says nothing about the others: O_DIRECT | O_SYNC with page-aligned buffers (open(2)). {@link
 * java.nio.channels.FileChannel} takes the block size of the file system for the alignment, which
 * rules sectors of 512 bytes out.
 *
 * <p>Not thread-safe. Methods block as long as the storage does, in the kernel, where nothing can
 * end them.
 */
public final class DirectFile implements AutoCloseable {
  private static final int O_RDWR = 2;
  private static final int O_SYNC = 0x101000;

  /** Value of asm-generic/fcntl.h on x86; arm64 has its own. */
  private static final int O_DIRECT =
      "aarch64".equals(System.getProperty("os.arch")) ? 0x10000 : 0x4000;

  private static final int PAGE_BYTES = 4096;

  private final Path file;
  private final Descriptor descriptor;

  /** Made at the first use, and again when more is asked for. */
  private Memory buffer = aligned(PAGE_BYTES);

  private DirectFile(Path file, Descriptor descriptor) {
    this.file = file;
    this.descriptor = descriptor;
  }

  public static DirectFile open(Path file) throws IOException {
    int number = LibC.open(file.toString(), O_RDWR | O_DIRECT | O_SYNC | Descriptor.O_CLOEXEC, 0);
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

  private static Memory aligned(int length) {
    return new Memory((long) length + PAGE_BYTES).align(PAGE_BYTES);
  }

  /**
   * Reads exactly {@code length} bytes.
   *
   * @param offset a multiple of the sector size, as is {@code length}
   * @throws IOException also when the file ends before
   */
  public byte[] read(long offset, int length) throws IOException {
    if (buffer.size() < length) {
      buffer = aligned(length);
    }
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
      if (count == 0) {
        throw new IOException(file + " ends at " + (offset + done));
      }
      done += (int) count;
    }
    return buffer.getByteArray(0, length);
  }

  /**
   * Writes in one system call, so that a sector is written as a whole or not at all.
   *
   * @param offset a multiple of the sector size, as is the length
   */
  public void write(long offset, byte[] bytes) throws IOException {
    if (buffer.size() < bytes.length) {
      buffer = aligned(bytes.length);
    }
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

  @Override
  public void close() {
    descriptor.close();
  }
}
