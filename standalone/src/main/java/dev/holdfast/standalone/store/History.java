package dev.holdfast.standalone.store;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The latest changes, bounded in number and in bytes. All watchers read this one buffer, each at
 * its own position, so that a slow watcher costs nothing and is cut off when it is overtaken.
 */
final class History {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition grown = lock.newCondition();
  private final @Nullable Change[] ring;
  private final long maxBytes;
  private long oldest; // revision of the first change held
  private long newest; // revision of the last change held, or of the last one at all
  private long bytes;
  private boolean closed;

  History(long revision, int maxChanges, long maxBytes) {
    this.ring = new Change[maxChanges];
    this.maxBytes = maxBytes;
    this.oldest = revision + 1;
    this.newest = revision;
  }

  void append(List<Change> changes) {
    lock.lock();
    try {
      for (Change change : changes) {
        if (newest - oldest + 1 == ring.length) {
          forgetOldest();
        }
        newest = change.revision();
        ring[slot(newest)] = change;
        bytes += change.after().json().length;
        while (bytes > maxBytes && oldest < newest) {
          forgetOldest();
        }
      }
      grown.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Forgets everything, as if the limits had been reached. */
  void compact() {
    lock.lock();
    try {
      while (oldest <= newest) {
        forgetOldest();
      }
    } finally {
      lock.unlock();
    }
  }

  private void forgetOldest() {
    bytes -= held(oldest).after().json().length;
    ring[slot(oldest)] = null;
    oldest++;
  }

  /**
   * Up to {@code max} changes after a revision; waits for the first one at most {@code patience}.
   *
   * @throws StoreException.Compacted when changes after that revision are forgotten
   */
  List<Change> after(long revision, int max, Duration patience) throws InterruptedException {
    lock.lock();
    try {
      awaitBeyond(revision, patience);
      requireHeld(revision);
      List<Change> changes = new ArrayList<>();
      for (long next = revision + 1; next <= newest && changes.size() < max; next++) {
        changes.add(held(next));
      }
      return changes;
    } finally {
      lock.unlock();
    }
  }

  /** The changes after a revision, newest first: what to undo to get back to it. */
  List<Change> since(long revision) {
    lock.lock();
    try {
      requireHeld(revision);
      List<Change> changes = new ArrayList<>();
      for (long next = newest; next > revision; next--) {
        changes.add(held(next));
      }
      return changes;
    } finally {
      lock.unlock();
    }
  }

  /** Whether the revision has been reached before the patience ended. */
  boolean await(long revision, Duration patience) throws InterruptedException {
    lock.lock();
    try {
      awaitBeyond(revision - 1, patience);
      return newest >= revision;
    } finally {
      lock.unlock();
    }
  }

  boolean closed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  /** Wakes every waiter; nothing waits from now on. */
  void close() {
    lock.lock();
    try {
      closed = true;
      grown.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void awaitBeyond(long revision, Duration patience) throws InterruptedException {
    long left = patience.toNanos();
    while (newest <= revision && !closed && left > 0) {
      left = grown.awaitNanos(Math.min(left, TimeUnit.DAYS.toNanos(1)));
    }
  }

  private void requireHeld(long revision) {
    if (revision < oldest - 1) {
      throw new StoreException.Compacted(revision, oldest - 1);
    }
  }

  private Change held(long revision) {
    Change change = ring[slot(revision)];
    if (change == null) {
      throw new IllegalStateException("revision " + revision + " is not in the history");
    }
    return change;
  }

  private int slot(long revision) {
    return (int) (revision % ring.length);
  }
}
