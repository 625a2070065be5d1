package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.linux.Descriptor;
import dev.holdfast.keeper.linux.OfdLock;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tells a new keeper whether machines of an earlier one still live that held leases in a lockspace.
 * Taking the host id anew ends their leases in the eyes of all hosts; but a process that was killed
 * with its keeper may be held in the kernel by a write that hangs, and do it later. So every such
 * process inherits a shared lock on a local file, which the kernel gives up only with the process,
 * and who wants the host id has to have that file alone first.
 */
final class GuardFile implements AutoCloseable {
  private final Path file;
  private @Nullable OfdLock lock;

  /**
   * @param directory of this keeper alone, gone after a restart of the host
   */
  GuardFile(Path directory, String lockspace) {
    this.file =
        directory.resolve(
            "lockspace-" + URLEncoder.encode(lockspace, StandardCharsets.US_ASCII) + ".lock");
  }

  /** The file, to be named in messages. */
  Path file() {
    return file;
  }

  /** Takes the file if nobody is left; doing so again does nothing. */
  synchronized boolean take() throws IOException {
    if (lock != null) {
      return true;
    }
    OfdLock opened = OfdLock.open(file);
    boolean alone = false;
    try {
      // First alone, then shared with the machines: changing the mode of a lock lets nobody in.
      alone = opened.tryLock(OfdLock.Mode.EXCLUSIVE) && opened.tryLock(OfdLock.Mode.SHARED);
      if (alone) {
        lock = opened;
      }
      return alone;
    } finally {
      if (!alone) {
        opened.close();
      }
    }
  }

  /** For a machine's process to inherit. */
  synchronized Descriptor descriptor() {
    if (lock == null) {
      throw new IllegalStateException(file + " is not locked");
    }
    return lock.descriptor();
  }

  /** For the program that this process executes next; empty while it is not taken. */
  synchronized Optional<Integer> handOver() throws IOException {
    return lock == null ? Optional.empty() : Optional.of(lock.descriptor().keepAcrossExec());
  }

  /** What the program before this one has taken. */
  synchronized void takeOver(int descriptor) throws IOException {
    lock = OfdLock.inherited(file, Descriptor.inherited(descriptor));
  }

  @Override
  public synchronized void close() {
    if (lock != null) {
      lock.close();
      lock = null;
    }
  }
}
