package dev.holdfast.standalone.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStoreException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All objects, in memory and in one file.
 *
 * <p>Writes go through one thread, which commits those that wait together as one version of the
 * file; a write is visible and acknowledged only after that. So no reader ever sees what a crash
 * could take back, the revision never goes back, and nobody who reads waits for the disk.
 * Thread-safe.
 */
public final class ObjectStore implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ObjectStore.class);
  private static final int MAX_BATCH = 256;
  private static final long MOST_BYTES = 3 << 19; // of an object: what etcd takes, 1.5 MiB
  // An eighth more than others may take is for deletions, whose steps may make objects larger.
  private static final int RESERVE = 8;

  /** Stands for the latest revision there is. */
  public static final long PRESENT = -1;

  private static final Duration IDLE = Duration.ofSeconds(20);

  private final ObjectFile file;
  private final LinkedBlockingQueue<Write> queue = new LinkedBlockingQueue<>();
  private final Thread writer;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition written = lock.newCondition();
  // These are guarded by the lock, and changed by the writer only.
  private final NavigableMap<String, StoredObject> current;
  private final History history;
  private final long quota;
  private long size; // of all objects
  volatile boolean watchesEnded;
  private volatile boolean closing;
  private volatile StoreException.@Nullable Failed failure;

  /** Makes the bytes of an object once its revision is known. Must be quick and pure. */
  @FunctionalInterface
  public interface Encoder {
    byte[] encode(long revision);
  }

  /**
   * Another object that must still be at this revision when a write is done.
   *
   * @param revision as in {@link StoredObject#revision()}
   */
  public record Guard(Key key, long revision) {}

  /** One request to the writer: what to check, and how to answer. */
  private record Write(
      Key key,
      Change.Kind kind,
      long expected,
      boolean leaving,
      @Nullable Guard guard,
      Encoder encoder,
      CompletableFuture<StoredObject> answer) {}

  private ObjectStore(ObjectFile file, StoreOptions options) {
    this.file = file;
    this.current = file.load();
    this.history = new History(file.revision(), options);
    this.quota = options.quota();
    this.size = current.values().stream().mapToLong(StoredObject::size).sum();
    this.writer = Thread.ofPlatform().name("store-writer").daemon().unstarted(this::write);
  }

  /**
   * Opens or creates the file.
   *
   * @throws org.h2.mvstore.MVStoreException when another process has it open
   * @throws IOException when it is damaged
   */
  public static ObjectStore open(Path path, AtRest atRest, StoreOptions options)
      throws IOException {
    ObjectFile file = ObjectFile.open(path, atRest, options.sync(), ObjectFile.RETENTION);
    ObjectStore store;
    try {
      store = new ObjectStore(file, options);
      if (!file.isSealed()) {
        replace(path, atRest, store.list(Range.everything()));
        file.close();
        return open(path, atRest, options);
      }
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
    store.writer.start();
    return store;
  }

  // What was not sealed would stay in the file that it was written to, even when it is sealed now.
  private static void replace(Path path, AtRest atRest, Listing contents) throws IOException {
    LOG.info("Writing {} anew, so that nothing stays in it that should be encrypted", path);
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    ObjectFile.write(fresh, atRest, contents);
    Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /**
   * Everything in a file; null when a control plane uses it. After a crash the file is made whole,
   * as by a start.
   *
   * @throws IOException when it is damaged
   */
  public static @Nullable Listing read(Path path, AtRest atRest) throws IOException {
    try (ObjectFile file = ObjectFile.open(path, atRest, true, ObjectFile.RETENTION)) {
      return new Listing(file.revision(), List.copyOf(file.load().values()));
    } catch (MVStoreException e) {
      if (e.getErrorCode() == DataUtils.ERROR_FILE_LOCKED) {
        return null;
      }
      throw e;
    }
  }

  /** Makes a new file of these objects. On return it is on the disk. */
  public static void write(Path path, AtRest atRest, Listing contents) throws IOException {
    ObjectFile.write(path, atRest, contents);
  }

  private <T extends @Nullable Object> T locked(Supplier<T> read) {
    lock.lock();
    try {
      return read.get();
    } finally {
      lock.unlock();
    }
  }

  /** The revision of the last write. */
  public long revision() {
    return locked(history::newest);
  }

  public @Nullable StoredObject get(Key key) {
    return this.<@Nullable StoredObject>locked(() -> current.get(key.path()));
  }

  /** Bytes that all objects take. */
  public long size() {
    return locked(() -> size);
  }

  /** Bytes that all objects may take. */
  public long quota() {
    return quota;
  }

  /** The present state of a range. */
  public Listing list(Range range) {
    return locked(() -> new Listing(history.newest(), List.copyOf(view(range, "").values())));
  }

  /**
   * A part of a range, at the present or at a revision of the past. Takes time for the part and for
   * what was written since then, not for the whole range.
   *
   * @param past {@link #PRESENT} for the present
   * @param start the first path of the part; empty for the beginning
   * @param most how many objects are wanted; at least 1
   * @throws StoreException.Compacted when the history does not reach so far
   */
  public Listing list(Range range, long past, String start, int most) {
    return locked(
        () -> {
          long revision = past == PRESENT ? history.newest() : past;
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
            all +=
                (entry.getValue() == null ? 0 : 1) - (present.containsKey(entry.getKey()) ? 1 : 0);
            put(state, entry.getKey(), entry.getValue());
          }
          List<StoredObject> part = state.values().stream().limit(most).toList();
          return new Listing(revision, part, all - part.size());
        });
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

  /** Follows a range from a revision that {@link #list} or an object has told. */
  public Watch watch(Range range, long after) {
    return new Watch(this, range, after);
  }

  /** The first changes after a revision, some {@code wanted} bytes of them; waits for one. */
  List<Change> after(long revision, long wanted, Duration patience) throws InterruptedException {
    await(revision + 1, patience);
    return locked(() -> history.after(revision, wanted));
  }

  /** Whether the revision has been reached before the patience ended. */
  public boolean await(long revision, Duration patience) throws InterruptedException {
    lock.lock();
    try {
      long left = patience.toNanos();
      while (history.newest() < revision && !watchesEnded && left > 0) {
        left = written.awaitNanos(left);
      }
      return history.newest() >= revision;
    } finally {
      lock.unlock();
    }
  }

  /** Ends all watches, so that whoever serves them can stop before the store is closed. */
  public void endWatches() {
    watchesEnded = true;
    lock.lock();
    try {
      written.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Creates an object.
   *
   * @throws StoreException.AlreadyThere when there is such an object
   * @throws StoreException.GuardFailed when the guard does not hold
   * @throws StoreException.TooLarge when it takes more than 1.5 MiB
   * @throws StoreException.Full when there is no room for it
   */
  public StoredObject create(Key key, @Nullable Guard guard, Encoder encoder) {
    return submit(key, Change.Kind.CREATED, 0, false, guard, encoder);
  }

  /**
   * Replaces an object.
   *
   * @param expected the revision that the caller has read
   * @param leaving whether it is a step on the object's way out, for which some room is kept
   * @throws StoreException.Missing when there is no such object
   * @throws StoreException.Conflict when it has been written since
   * @throws StoreException.TooLarge when it becomes larger, and takes more than 1.5 MiB
   * @throws StoreException.Full when it becomes larger, and there is no room for that
   */
  public StoredObject update(Key key, long expected, boolean leaving, Encoder encoder) {
    return submit(key, Change.Kind.UPDATED, expected, leaving, null, encoder);
  }

  /**
   * Deletes an object.
   *
   * @param encoder makes what watchers are shown: the last state with the deletion's revision
   * @throws StoreException.Missing when there is no such object
   * @throws StoreException.Conflict when it has been written since
   */
  public StoredObject delete(Key key, long expected, Encoder encoder) {
    return submit(key, Change.Kind.DELETED, expected, true, null, encoder);
  }

  /** Why writes are refused, or null. */
  public StoreException.@Nullable Failed failure() {
    return failure;
  }

  private StoredObject submit(
      Key key,
      Change.Kind kind,
      long expected,
      boolean leaving,
      @Nullable Guard guard,
      Encoder encoder) {
    if (closing) {
      throw new IllegalStateException("the store is closed");
    }
    CompletableFuture<StoredObject> answer = new CompletableFuture<>();
    queue.add(new Write(key, kind, expected, leaving, guard, encoder, answer));
    StoreException.Failed failed = failure;
    if (failed != null) { // the writer may have ended before it saw this one
      answer.completeExceptionally(failed);
    }
    try {
      return answer.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof StoreException refused) {
        throw refused;
      }
      throw e;
    }
  }

  private void write() {
    List<Write> batch = new ArrayList<>();
    try {
      while (!closing || !queue.isEmpty()) {
        Write first = queue.poll(IDLE.toMillis(), TimeUnit.MILLISECONDS);
        if (first == null) {
          file.tidy();
          continue;
        }
        batch.add(first);
        queue.drainTo(batch, MAX_BATCH - 1);
        commit(batch);
        batch.clear();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.error("The store's writer has failed; writes are refused until a restart", e);
      fail(batch, e);
    }
  }

  private void commit(List<Write> batch) {
    List<Write> accepted = new ArrayList<>();
    List<Change> changes = new ArrayList<>();
    Map<String, Change> latest = new HashMap<>();
    long sizeAfter = size;
    for (Write write : batch) {
      try {
        Change change = perform(write, latest, history.newest() + changes.size() + 1);
        requireRoom(write, change, sizeAfter + change.growth());
        sizeAfter += change.growth();
        latest.put(write.key().path(), change);
        changes.add(change);
        accepted.add(write);
      } catch (RuntimeException e) {
        write.answer().completeExceptionally(e);
      }
    }
    if (changes.isEmpty()) {
      return;
    }
    file.commit(changes);
    lock.lock();
    try {
      for (Change change : changes) {
        put(current, change.key().path(), change.left());
        history.append(change);
      }
      size = sizeAfter;
      written.signalAll();
    } finally {
      lock.unlock();
    }
    for (int i = 0; i < accepted.size(); i++) {
      accepted.get(i).answer().complete(changes.get(i).after());
    }
  }

  private Change perform(Write write, Map<String, Change> latest, long revision) {
    Guard guard = write.guard();
    if (guard != null) {
      StoredObject guarding = present(guard.key(), latest);
      if (guarding == null || guarding.revision() != guard.revision()) {
        throw new StoreException.GuardFailed(guard.key());
      }
    }
    StoredObject before = present(write.key(), latest);
    if (write.kind() == Change.Kind.CREATED) {
      if (before != null) {
        throw new StoreException.AlreadyThere(write.key());
      }
    } else if (before == null) {
      throw new StoreException.Missing(write.key());
    } else if (before.revision() != write.expected()) {
      throw new StoreException.Conflict(write.key(), write.expected(), before.revision());
    }
    byte[] json = write.encoder().encode(revision);
    return new Change(write.kind(), before, new StoredObject(write.key(), revision, json));
  }

  private void requireRoom(Write write, Change change, long sizeAfter) {
    long bytes = change.after().json().length;
    long share = write.leaving() ? RESERVE : Long.MAX_VALUE;
    if (change.growth() > 0 && bytes > MOST_BYTES + MOST_BYTES / share) {
      throw new StoreException.TooLarge(write.key(), bytes, MOST_BYTES);
    }
    if (change.growth() > 0 && sizeAfter > quota + quota / share) {
      throw new StoreException.Full(write.key(), size, quota);
    }
  }

  /** As it is after the changes that are about to be committed. */
  private @Nullable StoredObject present(Key key, Map<String, Change> latest) {
    Change change = latest.get(key.path());
    return change == null ? current.get(key.path()) : change.left();
  }

  private void fail(List<Write> batch, RuntimeException cause) {
    Throwable reason = cause;
    for (Throwable next = cause; next != null; next = next.getCause()) {
      reason = next;
    }
    StoreException.Failed failed =
        new StoreException.Failed(
            "the data file can't be written (%s); free space or repair the disk, then restart the control plane"
                .formatted(reason.getMessage()),
            cause);
    failure = failed;
    queue.drainTo(batch);
    batch.forEach(write -> write.answer().completeExceptionally(failed));
  }

  /** Ends all watches, finishes the writes that were submitted, and closes the file. */
  @Override
  public void close() {
    closing = true;
    endWatches();
    // Wakes the writer; nobody asks for what becomes of it.
    Encoder none = revision -> new byte[0];
    Key nowhere = new Key("", "", "", "");
    queue.add(
        new Write(nowhere, Change.Kind.UPDATED, 0, false, null, none, new CompletableFuture<>()));
    try {
      writer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    file.close();
  }
}
