package dev.holdfast.standalone.security;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/** Files that only their owner may read. */
public final class PrivateFiles {
  private static final FileAttribute<?> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
  private static final FileAttribute<?> OWNER_ONLY_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private PrivateFiles() {}

  /**
   * Replaces a file at once: readers see the old or the new contents, never a part. On return it is
   * on the disk.
   */
  public static void write(Path file, byte[] contents) throws IOException {
    put(
        file,
        contents,
        temporary ->
            Files.move(
                temporary,
                file,
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING));
  }

  /** As {@link #write}, but leaves a file as it is that is there or that another process makes. */
  public static void writeNew(Path file, byte[] contents) throws IOException {
    put(
        file,
        contents,
        temporary -> {
          try {
            Files.createLink(file, temporary);
          } catch (FileAlreadyExistsException e) {
            // That one is kept.
          }
        });
  }

  private interface Placement {
    void place(Path temporary) throws IOException;
  }

  private static void put(Path file, byte[] contents, Placement placement) throws IOException {
    Path parent = file.toAbsolutePath().getParent();
    Path temporary = Files.createTempFile(parent, file.getFileName() + ".", ".new", OWNER_ONLY);
    try {
      Files.write(temporary, contents, StandardOpenOption.WRITE, StandardOpenOption.SYNC);
      placement.place(temporary);
      try (FileChannel directory = FileChannel.open(parent, StandardOpenOption.READ)) {
        directory.force(true);
      }
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Creates a directory, and those above it, for its owner only; does nothing if it is there. */
  public static void createDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      Files.createDirectories(directory, OWNER_ONLY_DIRECTORY);
    }
  }
}
