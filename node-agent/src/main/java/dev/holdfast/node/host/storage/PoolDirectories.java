package dev.holdfast.node.host.storage;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.holdfast.node.host.HostException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;

/**
 * Directories of pools. They belong to root and have mode 0711: QEMU, as its own user, can pass
 * through to an image that it was given but sees no name and makes no file.
 */
final class PoolDirectories {
  private static final Set<PosixFilePermission> MODE = PosixFilePermissions.fromString("rwx--x--x");

  private PoolDirectories() {}

  /** The directory that an image lies in. */
  static Path of(Path image) {
    return Objects.requireNonNull(image.getParent());
  }

  /** Makes a directory and the missing ones above it. */
  static void make(Path directory) throws IOException {
    Path parent = directory.getParent();
    if (Files.isDirectory(directory)) {
      return;
    }
    if (parent != null) {
      make(parent);
    }
    try {
      Files.createDirectory(directory, PosixFilePermissions.asFileAttribute(MODE));
    } catch (FileAlreadyExistsException e) {
      if (Files.isDirectory(directory)) {
        return;
      }
      throw e;
    }
    // Once more, because the process's umask applies to the mode of a new directory.
    Files.setPosixFilePermissions(directory, MODE);
    if (parent != null) {
      sync(parent);
    }
  }

  /** Makes the names in a directory safe against a power failure (fsync(2), NOTES). */
  static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /**
   * The absolute path that the words name.
   *
   * @throws HostException with reason {@code PathEscapesPool} when it is relative or not in its
   *     shortest form
   */
  static Path absolute(String path) throws HostException {
    try {
      Path result = Path.of(path);
      if (result.isAbsolute() && result.equals(result.normalize()) && result.getParent() != null) {
        return result;
      }
    } catch (InvalidPathException e) {
      throw new HostException("PathEscapesPool", "'" + path + "' is no path", e);
    }
    throw new HostException(
        "PathEscapesPool", "'" + path + "' must be an absolute path without '.' and '..'");
  }

  /**
   * Checks that the image lies below the pool, also after every symbolic link of the directories
   * that already exist is resolved. The pool itself may be reached through links.
   *
   * @throws HostException with reason {@code PathEscapesPool} when it does not
   */
  static Path inside(String poolPath, String imagePath) throws HostException {
    Path pool = absolute(poolPath);
    Path image = absolute(imagePath);
    if (!image.startsWith(pool) || image.equals(pool)) {
      throw escapes(imagePath, poolPath);
    }
    try {
      Path realPool = pool.toRealPath();
      Path existing = deepestExisting(of(image));
      Path expected = realPool.resolve(pool.relativize(existing));
      if (existing.startsWith(pool) && !existing.toRealPath().equals(expected)) {
        throw escapes(imagePath, poolPath);
      }
    } catch (NoSuchFileException e) {
      // Nothing is there yet, so no link can lead out of it.
      return image;
    } catch (IOException e) {
      throw new HostException("StorageFailed", "Cannot look at " + imagePath + ": " + e, e);
    }
    return image;
  }

  private static Path deepestExisting(Path directory) throws NoSuchFileException {
    for (Path path = directory; path != null; path = path.getParent()) {
      if (Files.exists(path, NOFOLLOW_LINKS)) {
        return path;
      }
    }
    throw new NoSuchFileException(directory.toString());
  }

  private static HostException escapes(String image, String pool) {
    return new HostException(
        "PathEscapesPool",
        "The image "
            + image
            + " is not below its pool "
            + pool
            + " when symbolic links are resolved; remove the link or correct the pool's path");
  }
}
