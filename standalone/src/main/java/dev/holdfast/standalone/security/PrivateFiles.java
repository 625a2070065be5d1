package dev.holdfast.standalone.security;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/** Files that only their owner may read. */
public final class PrivateFiles {
  private PrivateFiles() {}

  /** Fills a file that is empty and has no name yet that anybody knows. */
  @FunctionalInterface
  public interface Contents {
    void writeTo(Path file) throws IOException;
  }

  /**
   * Replaces a file at once: readers see the old or the new contents, never a part. On return it is
   * on the disk.
   */
  public static void write(Path file, byte[] contents) throws IOException {
    put(
        file,
        temporary -> Files.write(temporary, contents),
        temporary ->
            Files.move(
                temporary,
                file,
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING));
  }

  /**
   * As {@link #write}, but never touches a file that is there or that another process makes.
   *
   * @throws FileAlreadyExistsException when there is one
   */
  public static void writeNew(Path file, Contents contents) throws IOException {
    put(file, contents, temporary -> Files.createLink(file, temporary));
  }

  private static void put(Path file, Contents contents, Contents placement) throws IOException {
    Path parent = file.toAbsolutePath().resolveSibling("");
    Path temporary = Files.createTempFile(parent, file.getFileName() + ".", ".new"); // 0600
    try {
      contents.writeTo(temporary);
      sync(temporary);
      placement.writeTo(temporary);
      sync(parent);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Returns when a file, or which files a directory has, is on the disk. */
  public static void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Creates a directory, and those above it, for its owner only; does nothing if it is there. */
  public static void createDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }
}
