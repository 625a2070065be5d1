package dev.holdfast.node.host.qemu;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.holdfast.node.host.HostException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The runtime directory of one machine.
 *
 * <pre>
 * ROOT/UUID            root's, mode 0711: QEMU can neither rename nor replace what is in it
 * ROOT/UUID/qemu.log   what QEMU writes to its standard output and error, bounded by the keeper
 * ROOT/UUID/run        the VM's user's, mode 0700: sockets, pid file and console log, made by QEMU
 * </pre>
 *
 * Whatever lies in {@code run} may have been made by a guest that broke out into its QEMU, so links
 * in it are never followed.
 *
 * @param uuid in canonical form, so that it can be a file name
 */
record MachineFiles(Path root, String uuid) {
  /**
   * Longest path of a unix socket: {@code sun_path} has 108 bytes with its terminating NUL
   * (unix(7)).
   */
  private static final int LONGEST_SOCKET_PATH = 107;

  /** A pid and a line feed; a longer file is none of QEMU's. */
  private static final int LONGEST_PID = 32;

  /**
   * @throws IllegalArgumentException for what is no UUID in canonical form
   */
  MachineFiles {
    if (!isUuid(uuid)) {
      throw new IllegalArgumentException("not a UUID in canonical form: " + uuid);
    }
  }

  static boolean isUuid(String text) {
    try {
      return UUID.fromString(text).toString().equals(text);
    } catch (IllegalArgumentException none) {
      return false;
    }
  }

  Path directory() {
    return root.resolve(uuid);
  }

  Path qemuLog() {
    return directory().resolve("qemu.log");
  }

  Path run() {
    return directory().resolve("run");
  }

  /** The agent's own monitor. */
  Path qmpSocket() {
    return run().resolve("qmp.sock");
  }

  /** A monitor for people, with commands in words (QEMU's HMP). */
  Path humanMonitorSocket() {
    return run().resolve("monitor.sock");
  }

  /** The serial console. */
  Path consoleSocket() {
    return run().resolve("console.sock");
  }

  /** Everything the serial console has printed; bounded by {@link #trimConsoleLog}. */
  Path consoleLog() {
    return run().resolve("console.log");
  }

  /** QEMU writes its pid here and holds a lock on it while it lives. */
  Path pidFile() {
    return run().resolve("pid");
  }

  /**
   * Makes the directories afresh; what an earlier process has left is deleted.
   *
   * @param uid user and group that QEMU runs as
   */
  void prepare(int uid) throws HostException {
    int length =
        humanMonitorSocket().toString().getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
    if (length > LONGEST_SOCKET_PATH) {
      throw new HostException(
          "PathTooLong",
          "socket path "
              + humanMonitorSocket()
              + " has "
              + length
              + " bytes, "
              + LONGEST_SOCKET_PATH
              + " are possible: choose a shorter runtime directory");
    }
    delete();
    try {
      Files.createDirectories(root);
      Files.createDirectory(directory());
      Files.setPosixFilePermissions(directory(), PosixFilePermissions.fromString("rwx--x--x"));
      Files.createDirectory(
          run(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      Files.setAttribute(run(), "unix:gid", uid, NOFOLLOW_LINKS);
      Files.setAttribute(run(), "unix:uid", uid, NOFOLLOW_LINKS);
    } catch (IOException failed) {
      throw new HostException(
          "RuntimeDirectoryFailed",
          "cannot make the runtime directory " + directory() + " for uid " + uid + ": " + failed,
          failed);
    }
  }

  boolean exist() {
    return Files.isDirectory(directory(), NOFOLLOW_LINKS);
  }

  /** Deletes the directory with all that is in it; does nothing where there is none. */
  void delete() throws HostException {
    if (!Files.exists(directory(), NOFOLLOW_LINKS)) {
      return;
    }
    try {
      Files.walkFileTree(directory(), new Deleter());
    } catch (IOException failed) {
      throw new HostException(
          "RuntimeDirectoryFailed",
          "cannot delete the runtime directory " + directory() + ": " + failed,
          failed);
    }
  }

  /**
   * The pid that QEMU has written. It proves nothing: whoever uses it must check that the process
   * holds the lock on the file and has the machine's UUID on its command line.
   */
  OptionalLong claimedProcessId() {
    try (SeekableByteChannel file =
        Files.newByteChannel(pidFile(), Set.of(StandardOpenOption.READ, NOFOLLOW_LINKS))) {
      ByteBuffer content = ByteBuffer.allocate(LONGEST_PID);
      int length = file.read(content);
      String text =
          new String(
              content.array(), 0, Math.max(0, length), java.nio.charset.StandardCharsets.US_ASCII);
      return OptionalLong.of(Long.parseLong(text.strip()));
    } catch (IOException | NumberFormatException none) {
      return OptionalLong.empty();
    }
  }

  /**
   * Empties the console's log where it has grown past a limit. QEMU opens it for appending, so it
   * goes on at the new end.
   *
   * @param limitBytes size from which on the log is emptied
   */
  void trimConsoleLog(long limitBytes) {
    try (SeekableByteChannel log =
        Files.newByteChannel(consoleLog(), Set.of(StandardOpenOption.WRITE, NOFOLLOW_LINKS))) {
      if (log.size() > limitBytes) {
        SeekableByteChannel ignored = log.truncate(0);
      }
    } catch (IOException ignored) {
      // No log, or none that can be opened without following a link: nothing to trim.
    }
  }

  private static final class Deleter extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.deleteIfExists(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
      if (failure instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE;
      }
      throw failure;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
        throws IOException {
      if (failure != null) {
        throw failure;
      }
      Files.deleteIfExists(directory);
      return FileVisitResult.CONTINUE;
    }
  }
}
