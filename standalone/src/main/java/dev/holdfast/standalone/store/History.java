package dev.holdfast.standalone.store;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The latest changes, bounded in number and in bytes. All watchers read this one buffer, each at
 * its own position, so that a slow watcher costs nothing and is cut off when it is overtaken.
 */
final class History {
  private final @Nullable Change[] ring;
  private final long maxBytes;
  private long oldest; // revision of the first change held
  private long newest; // revision of the last change held, or of the last one at all
  private long bytes;

  History(long revision, StoreOptions options) {
    this.ring = new Change[options.historyChanges()];
    this.maxBytes = options.historyBytes();
    this.oldest = revision + 1;
    this.newest = revision;
  }

  /** The revision of the last change there was. */
  long newest() {
    return newest;
  }

  void append(Change change) {
    if (newest - oldest + 1 == ring.length) {
      forgetOldest();
    }
    newest = change.revision();
    ring[slot(newest)] = change;
    bytes += size(change);
    while (bytes > maxBytes && oldest < newest) {
      forgetOldest();
    }
  }

  /**
   * What the history alone holds of a change. What was replaced is in this change only, or in the
   * one that made it too; what was made is present, or has been replaced by a later change.
   */
  private static long size(Change change) {
    return StoredObject.size(change.before())
        + (change.left() == null ? StoredObject.size(change.after()) : 0);
  }

  private void forgetOldest() {
    bytes -= size(held(oldest));
    ring[slot(oldest)] = null;
    oldest++;
  }

  /**
   * The first changes after a revision: at least one, if there is any, and about as much as wanted.
   *
   * @param wanted in bytes
   * @throws StoreException.Compacted when changes after that revision are forgotten
   */
  List<Change> after(long revision, long wanted) {
    if (revision < oldest - 1) {
      throw new StoreException.Compacted(revision, oldest - 1);
    }
    List<Change> changes = new ArrayList<>();
    long left = wanted;
    for (long next = revision + 1; next <= newest && left > 0; next++) {
      Change change = held(next);
      changes.add(change);
      left -= change.after().json().length;
    }
    return changes;
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
