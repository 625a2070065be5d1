package dev.holdfast.node.host.qemu;

import dev.holdfast.node.host.HostException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;

/**
 * Whether a user could read a file, by the mode bits (path_resolution(7)). QEMU would find out too,
 * but says neither which directory is in the way nor what to do.
 */
final class FileAccess {
  private static final int READ = 4;
  private static final int SEARCH = 1;

  private FileAccess() {}

  /**
   * @param what the file's part in the machine, for the message
   * @param id user and group
   * @throws HostException with reason {@code FileMissing} or {@code FileNotReadable}
   */
  static void requireReadable(String what, Path file, int id) throws HostException {
    try {
      Path real = file.toRealPath();
      if (!Files.isRegularFile(real)) {
        throw new HostException("FileMissing", what + " " + file + " is no regular file");
      }
      Deque<Path> directories = new ArrayDeque<>();
      for (Path parent = real.getParent(); parent != null; parent = parent.getParent()) {
        directories.push(parent);
      }
      for (Path directory : directories) {
        if (!permits(directory, id, SEARCH)) {
          throw new HostException(
              "FileNotReadable",
              "%s %s cannot be reached by uid %d, which QEMU runs as: run chmod o+x %s"
                  .formatted(what, file, id, directory));
        }
      }
      if (!permits(real, id, READ)) {
        throw new HostException(
            "FileNotReadable",
            "%s %s cannot be read by uid %d, which QEMU runs as: run chmod o+r %s"
                .formatted(what, file, id, real));
      }
    } catch (NoSuchFileException missing) {
      throw new HostException(
          "FileMissing",
          what + " " + file + " does not exist on this node: put it into the pool's boot directory",
          missing);
    } catch (IOException failed) {
      throw new HostException(
          "FileNotReadable", what + " " + file + " cannot be looked at: " + failed, failed);
    }
  }

  private static boolean permits(Path path, int id, int wanted) throws IOException {
    Map<String, Object> attributes = Files.readAttributes(path, "unix:mode,uid,gid");
    int mode = number(attributes, "mode");
    if (number(attributes, "uid") == id) {
      mode >>= 6;
    } else if (number(attributes, "gid") == id) {
      mode >>= 3;
    }
    return (mode & wanted) == wanted;
  }

  private static int number(Map<String, Object> attributes, String name) {
    return attributes.get(name) instanceof Integer value ? value : 0;
  }
}
