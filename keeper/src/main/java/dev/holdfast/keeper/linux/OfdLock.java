package dev.holdfast.keeper.linux;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A lock of an open file description on a whole file (fcntl(2), F_OFD_SETLK). It belongs to the
 * description, not to a process: it is held until the last descriptor of it is closed, in whatever
 * process, or until it is unlocked through any of them.
 *
 * <p>Methods block as long as the file system does.
 */
public final class OfdLock implements AutoCloseable {
  private static final Logger log = System.getLogger(OfdLock.class.getName());

  /** Descriptors of locks have numbers from here on, out of the way of those a child is given. */
  static final int LOWEST_NUMBER = 512;

  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;
  private static final int OWNER_ONLY = 0600;
  private static final int F_OFD_SETLK = 37;
  private static final int LONGEST_NOTE = 512;

  /** Values of {@code l_type} (fcntl.h of Linux, equal on every architecture QEMU/KVM runs on). */
  public enum Mode {
    SHARED(0),
    EXCLUSIVE(1);

    private final short type;

    Mode(int type) {
      this.type = (short) type;
    }
  }

  private static final short UNLOCK = 2;

  private final Path file;
  private final Descriptor descriptor;

  private OfdLock(Path file, Descriptor descriptor) {
    this.file = file;
    this.descriptor = descriptor;
  }

  /**
   * Opens the lock file, which is made with mode 0600 where it is missing. Nothing is locked yet.
   *
   * @throws IOException also for a symbolic link, or anything else that is not a regular file
   */
  public static OfdLock open(Path file) throws IOException {
    int number =
        LibC.open(
            file.toString(),
            O_RDWR | O_CREAT | Descriptor.O_CLOEXEC | Descriptor.O_NOFOLLOW | Descriptor.O_NONBLOCK,
            OWNER_ONLY);
    if (number < 0) {
      throw LinuxException.last("open " + file);
    }
    var lock = new OfdLock(file, moveUp(new Descriptor(number)));
    if (!Files.isRegularFile(lock.proc())) {
      lock.close();
      throw new IOException(file + " is not a regular file");
    }
    return lock;
  }

  /** A lock that the program before this one has handed down. */
  public static OfdLock inherited(Path file, Descriptor descriptor) {
    return new OfdLock(file, descriptor);
  }

  private static Descriptor moveUp(Descriptor low) throws IOException {
    try (low) {
      return low.duplicate(LOWEST_NUMBER);
    }
  }

  /**
   * A file that another process has open.
   *
   * @param path as the kernel knows it
   * @param number of the descriptor in that process
   * @param locks the modes of the locks by open file description that the description holds on the
   *     whole file: QEMU locks single bytes of its images in the same way
   */
  public record Foreign(Path path, int number, List<Mode> locks) {}

  /**
   * The regular files that a process has open for itself, with the locks that its descriptions hold
   * (proc_pid_fdinfo(5), lines {@code lock:}).
   */
  public static List<Foreign> openIn(int pid) throws IOException {
    List<Path> entries;
    try (Stream<Path> listing = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      entries = listing.toList();
    }
    var found = new ArrayList<Foreign>();
    for (Path entry : entries) {
      int number = Integer.parseInt(entry.getFileName().toString());
      try {
        Path target = Files.readSymbolicLink(entry);
        if (target.isAbsolute()) {
          found.add(new Foreign(target, number, locksOf(pid, number)));
        }
      } catch (java.nio.file.NoSuchFileException closedMeanwhile) {
        log.log(Level.DEBUG, "A descriptor was closed while it was looked at", closedMeanwhile);
      }
    }
    return found;
  }

  private static List<Mode> locksOf(int pid, int number) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/fdinfo/" + number)).stream()
        .filter(
            line ->
                line.startsWith("lock:") && line.contains(" OFDLCK ") && line.endsWith(" 0 EOF"))
        .map(line -> line.contains(" WRITE ") ? Mode.EXCLUSIVE : Mode.SHARED)
        .toList();
  }

  /** Takes a copy of a descriptor of another process, so that its lock can be changed from here. */
  public static OfdLock take(Pidfd process, Foreign open) throws IOException {
    return new OfdLock(open.path(), moveUp(process.take(open.number())));
  }

  /**
   * Takes the lock, or changes its mode, without waiting.
   *
   * @return false when somebody else's lock is in the way; what was held before is then still held
   * @throws IOException also when the file was replaced meanwhile, so that its lock would protect
   *     nothing
   */
  public boolean tryLock(Mode mode) throws IOException {
    if (!set(mode.type)) {
      return false;
    }
    if (!isInPlace()) {
      boolean ignored = set(UNLOCK);
      throw new IOException(file + " was deleted or replaced while it was being locked");
    }
    return true;
  }

  public void unlock() throws IOException {
    boolean ignored = set(UNLOCK);
  }

  private boolean set(short type) throws IOException {
    try (Memory flock = new Memory(32)) {
      // struct flock with 64-bit offsets, see FileLock; l_pid must be 0.
      flock.clear();
      flock.setShort(0, type);
      if (LibC.fcntl(descriptor.number(), F_OFD_SETLK, flock) == 0) {
        return true;
      }
      int error = Native.getLastError();
      if (error == LinuxException.EAGAIN || error == LinuxException.EACCES) {
        return false;
      }
      throw new LinuxException("fcntl F_OFD_SETLK " + file, error);
    }
  }

  /** Whether the path still leads to the file that is open. */
  private boolean isInPlace() throws IOException {
    try {
      return Objects.equals(
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
              .fileKey(),
          fileKey());
    } catch (java.nio.file.NoSuchFileException deleted) {
      return false;
    }
  }

  /** Device and inode. */
  public Object fileKey() throws IOException {
    return Objects.requireNonNull(
        Files.readAttributes(proc(), BasicFileAttributes.class).fileKey());
  }

  /**
   * Replaces what the file says about its holder, for people and for {@link #note}.
   *
   * @param note at most 512 bytes
   */
  public void writeNote(String note) throws IOException {
    byte[] bytes = note.getBytes(StandardCharsets.UTF_8);
    try (Memory buffer = new Memory(Math.max(1, bytes.length))) {
      buffer.write(0, bytes, 0, bytes.length);
      if (LibC.pwrite(descriptor.number(), buffer, bytes.length, 0) != bytes.length
          || LibC.ftruncate(descriptor.number(), bytes.length) != 0) {
        throw LinuxException.last("write " + file);
      }
    }
  }

  /** What the file says of its last exclusive holder; empty if nothing. */
  public String note() throws IOException {
    try (Memory buffer = new Memory(LONGEST_NOTE)) {
      long count = LibC.pread(descriptor.number(), buffer, LONGEST_NOTE, 0);
      if (count < 0) {
        throw LinuxException.last("read " + file);
      }
      return new String(buffer.getByteArray(0, (int) count), StandardCharsets.UTF_8).strip();
    }
  }

  public Path file() {
    return file;
  }

  /** To be handed down to a child, which then holds the lock too. */
  public Descriptor descriptor() {
    return descriptor;
  }

  private Path proc() {
    return Path.of("/proc/self/fd/" + descriptor.number());
  }

  /** Lets go of this descriptor; the lock stays where another one of the same description is. */
  @Override
  public void close() {
    descriptor.close();
  }
}
