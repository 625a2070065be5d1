package dev.holdfast.standalone.store;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What there is, what there was shortly before, and how much more there may be. Not thread-safe.
 */
final class State {
  private static final long MOST_BYTES = 3 << 19; // of an object: what etcd takes, 1.5 MiB
  // An eighth more than others may take is for deletions, whose steps may make objects larger.
  private static final int RESERVE = 8;

  private final NavigableMap<String, StoredObject> current;
  private final History history;
  private final long quota;
  private long size; // of all objects

  State(NavigableMap<String, StoredObject> current, long revision, StoreOptions options) {
    this.current = current;
    this.history = new History(revision, options);
    this.quota = options.quota();
    this.size = current.values().stream().mapToLong(StoredObject::size).sum();
  }

  long revision() {
    return history.newest();
  }

  /** Bytes that all objects take. */
  long size() {
    return size;
  }

  /** Bytes that all objects may take. */
  long quota() {
    return quota;
  }

  @Nullable StoredObject get(Key key) {
    return current.get(key.path());
  }

  Listing list(Range range) {
    return new Listing(revision(), List.copyOf(view(range, "").values()));
  }

  /** See {@link ObjectStore#list(Range, long, String, int)}. */
  Listing list(Range range, long revision, String start, int most) {
    Map<String, @Nullable StoredObject> changed = new HashMap<>(); // what was there before
    for (Change change : history.after(revision, Long.MAX_VALUE).reversed()) {
      String path = change.key().path();
      if (range.contains(path) && path.compareTo(start) >= 0) {
        changed.put(path, change.before());
      }
    }
    SortedMap<String, StoredObject> present = view(range, start);
    // With so many of what is present, those wanted are there, whatever has changed.
    NavigableMap<String, StoredObject> state = new TreeMap<>();
    present.values().stream()
        .limit((long) most + changed.size())
        .forEach(object -> state.put(object.key().path(), object));
    long all = present.size();
    for (Map.Entry<String, @Nullable StoredObject> entry : changed.entrySet()) {
      all += (entry.getValue() == null ? 0 : 1) - (present.containsKey(entry.getKey()) ? 1 : 0);
      put(state, entry.getKey(), entry.getValue());
    }
    List<StoredObject> part = state.values().stream().limit(most).toList();
    return new Listing(revision, part, all - part.size());
  }

  private SortedMap<String, StoredObject> view(Range range, String start) {
    if (range.prefix().isEmpty()) {
      return current.tailMap(start);
    }
    String from = start.compareTo(range.prefix()) > 0 ? start : range.prefix();
    return from.compareTo(range.end()) > 0
        ? Collections.emptySortedMap()
        : current.subMap(from, range.end());
  }

  private static void put(
      Map<String, StoredObject> state, String path, @Nullable StoredObject object) {
    if (object == null) {
      state.remove(path);
    } else {
      state.put(path, object);
    }
  }

  /** See {@link History#after}. */
  List<Change> after(long revision, long wanted) {
    return history.after(revision, wanted);
  }

  /**
   * Checks that there is room for a change.
   *
   * @param leaving whether the object is on its way out, for which some room is kept
   * @param growth of the changes before this one, which are not applied yet, in bytes
   * @throws StoreException.TooLarge when the object becomes larger than objects may be
   * @throws StoreException.Full when all objects together would take more than they may
   */
  void requireRoom(Change change, boolean leaving, long growth) {
    long bytes = change.after().json().length;
    long share = leaving ? RESERVE : Long.MAX_VALUE;
    if (change.growth() > 0 && bytes > MOST_BYTES + MOST_BYTES / share) {
      throw new StoreException.TooLarge(change.key(), bytes, MOST_BYTES);
    }
    if (change.growth() > 0 && size + growth + change.growth() > quota + quota / share) {
      throw new StoreException.Full(change.key(), size, quota);
    }
  }

  void apply(Change change) {
    put(current, change.key().path(), change.left());
    history.append(change);
    size += change.growth();
  }
}
