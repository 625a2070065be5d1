package dev.holdfast.keeper.process;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The output of one process: a file of bounded size and, in memory, its end. A guest that finds a
 * way to make its QEMU talk must not fill the host's disk.
 *
 * <p>Not thread-safe.
 */
final class OutputLog {
  /** The file is moved to {@code .1} before it grows beyond this. */
  static final int LARGEST_FILE_BYTES = 64 * 1024;

  static final int TAIL_BYTES = 4 * 1024;

  private static final Logger log = System.getLogger(OutputLog.class.getName());

  private static final Set<OpenOption> APPEND =
      Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND, LinkOption.NOFOLLOW_LINKS);

  private final @Nullable Path file;
  private final byte[] tail = new byte[TAIL_BYTES];
  private int tailLength;
  private @Nullable FileChannel channel;
  private long fileBytes;

  /** Output that goes to the tail only. */
  OutputLog() {
    this.file = null;
  }

  /**
   * Appends to the file, which is made with mode 0600 where it is missing. A symbolic link is
   * refused.
   */
  OutputLog(Path file) throws IOException {
    this.file = file;
    this.channel = open(file);
    this.fileBytes = channel.size();
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(
        file,
        APPEND,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  void append(byte[] buffer, int length) {
    keepTail(buffer, length);
    FileChannel open = channel;
    if (open == null || file == null) {
      return;
    }
    try {
      if (fileBytes > 0 && fileBytes + length > LARGEST_FILE_BYTES) {
        open.close();
        Files.move(
            file,
            file.resolveSibling(file.getFileName() + ".1"),
            StandardCopyOption.REPLACE_EXISTING);
        open = open(file);
        channel = open;
        fileBytes = open.size();
      }
      ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, length);
      while (bytes.hasRemaining()) {
        fileBytes += open.write(bytes);
      }
    } catch (IOException failure) {
      // A full disk must not end a machine: its output is dropped from here on, the tail is still
      // kept.
      log.log(Level.WARNING, "Output is no longer written to {0}: {1}", file, failure);
      close();
    }
  }

  private void keepTail(byte[] buffer, int length) {
    int fresh = Math.min(length, TAIL_BYTES);
    int kept = Math.min(tailLength, TAIL_BYTES - fresh);
    System.arraycopy(tail, tailLength - kept, tail, 0, kept);
    System.arraycopy(buffer, length - fresh, tail, kept, fresh);
    tailLength = kept + fresh;
  }

  @Nullable Path file() {
    return file;
  }

  String tail() {
    return new String(tail, 0, tailLength, StandardCharsets.UTF_8);
  }

  void close() {
    FileChannel open = channel;
    channel = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException failure) {
        log.log(Level.WARNING, "Closing {0}: {1}", file, failure);
      }
    }
  }
}
