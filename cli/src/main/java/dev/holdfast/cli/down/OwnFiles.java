package dev.holdfast.cli.down;

import dev.holdfast.cli.step.StepException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Removes what Holdfast has made in a directory, by name. Whatever else is there stays. */
final class OwnFiles {
  private OwnFiles() {}

  /**
   * Removes them, and the directory if nothing else is in it.
   *
   * @param names of files and directories, with the wildcards of {@link
   *     java.nio.file.FileSystem#getPathMatcher glob} patterns
   * @throws StepException when something could not be removed or is not Holdfast's
   */
  static String remove(Path directory, List<String> names) throws StepException {
    if (!Files.exists(directory)) {
      return "not there";
    }
    try {
      refuseMounts(directory);
      for (String name : names) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, name)) {
          for (Path file : files) {
            removeTree(file);
          }
        }
      }
      List<String> others;
      try (Stream<Path> left = Files.list(directory)) {
        others = left.map(path -> path.getFileName().toString()).sorted().toList();
      }
      if (!others.isEmpty()) {
        throw new StepException(
            directory + " stays: these are not Holdfast's: " + String.join(", ", others));
      }
      Files.delete(directory);
      return "removed";
    } catch (IOException e) {
      throw new StepException("cannot remove everything in " + directory + ": " + e, e);
    }
  }

  /**
   * Refuses to go on while a process holds a lock on one of these files. The next keeper finds out
   * by them that a process of the last one is not gone yet and may still write; a new file in its
   * place would be free at once.
   *
   * @param names a glob pattern
   * @throws StepException when one is locked
   */
  static void refuseLocked(Path directory, String names) throws StepException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, names)) {
      for (Path file : files) {
        // The locks of open file descriptions that keeper and QEMU hold are in its way (fcntl(2)).
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock()) {
          if (lock == null) {
            throw new StepException(
                file
                    + " stays: a process that held leases has not ended yet and may still write;"
                    + " find it with: find /proc/[0-9]*/fd -lname "
                    + file);
          }
        }
      }
    } catch (IOException e) {
      throw new StepException("cannot look whether a process holds leases: " + e, e);
    }
  }

  /**
   * Somebody else's file system may be mounted there, such as a pool on NFS. Mount points are field
   * 5 of each line (proc(5), /proc/PID/mountinfo).
   */
  private static void refuseMounts(Path directory) throws IOException, StepException {
    for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
      String mount = line.split(" ", -1)[4];
      if (mount.startsWith(directory + "/")) {
        throw new StepException(
            directory + " stays: unmount " + mount + " first, which holds other files");
      }
    }
  }

  /** Links are removed and not followed. */
  private static void removeTree(Path path) throws IOException {
    if (!Files.exists(path, java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        path,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
