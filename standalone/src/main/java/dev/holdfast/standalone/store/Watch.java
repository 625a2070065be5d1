package dev.holdfast.standalone.store;

import java.time.Duration;
import java.util.List;

/**
 * Follows the changes of a range: each exactly once, in order, none left out. For one thread.
 *
 * <p>It holds no resource, so it needs no closing.
 */
public final class Watch {
  private static final long BATCH = 64 << 10; // what a slow watcher may hold longer than others

  private final ObjectStore store;
  private final Range range;
  private long position;

  Watch(ObjectStore store, Range range, long after) {
    this.store = store;
    this.range = range;
    this.position = after;
  }

  /**
   * The next changes, or none when the patience ended, when the store was closed, or when only
   * other ranges changed.
   *
   * @throws StoreException.Compacted when this watcher was too slow, or began too far back
   */
  public List<Change> next(Duration patience) throws InterruptedException {
    List<Change> changes = store.after(position, BATCH, patience);
    if (changes.isEmpty()) {
      return changes;
    }
    position = changes.getLast().revision();
    return changes.stream().filter(change -> range.contains(change.key().path())).toList();
  }

  /** Every change up to this revision has been returned. */
  public long position() {
    return position;
  }

  /** Whether watches were ended, so that nothing will ever come. */
  public boolean ended() {
    return store.watchesEnded;
  }
}
