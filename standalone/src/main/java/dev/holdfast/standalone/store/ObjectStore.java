package dev.holdfast.standalone.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
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
 * could take back, and the revision never goes back. Thread-safe.
 */
public final class ObjectStore implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ObjectStore.class);
  private static final int MAX_BATCH = 256;
  private static final Duration IDLE = Duration.ofSeconds(20);

  private final ObjectFile file;
  private final History history;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final NavigableMap<String, StoredObject> current;
  private final LinkedBlockingQueue<Write> queue = new LinkedBlockingQueue<>();
  private final Thread writer;
  private long revision;
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
      @Nullable Guard guard,
      Encoder encoder,
      CompletableFuture<StoredObject> answer) {}

  private ObjectStore(ObjectFile file, StoreOptions options) {
    this.file = file;
    this.current = file.load();
    this.revision = file.revision();
    this.history = new History(revision, options.historyChanges(), options.historyBytes());
    this.writer = Thread.ofPlatform().name("store-writer").daemon().unstarted(this::write);
  }

  /**
   * Opens or creates the file.
   *
   * @throws org.h2.mvstore.MVStoreException when another process has it open, or it is damaged
   */
  public static ObjectStore open(Path path, AtRest atRest, StoreOptions options) {
    ObjectFile file = new ObjectFile(path, atRest, options.sync());
    ObjectStore store;
    try {
      store = new ObjectStore(file, options);
      if (!file.isSealed()) {
        replace(path, atRest, store.list(Range.everything()));
        file.close();
        return open(path, atRest, options);
      }
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
    store.writer.start();
    return store;
  }

  // What was not sealed would stay in the file that it was written to, even when it is sealed now.
  private static void replace(Path path, AtRest atRest, Listing contents) {
    LOG.info("Writing {} anew, so that nothing stays in it that should be encrypted", path);
    Path fresh = path.resolveSibling(path.getFileName() + ".new");
    try {
      Files.deleteIfExists(fresh);
      ObjectFile.write(fresh, atRest, contents);
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(path + " can't be written anew: " + e.getMessage(), e);
    }
  }

  /**
   * Everything in a file, which is left as it is; null when a control plane uses it.
   *
   * @throws MVStoreException when it is damaged
   */
  public static @Nullable Listing read(Path path, AtRest atRest) {
    try (ObjectFile file = ObjectFile.toRead(path, atRest)) {
      return new Listing(file.revision(), List.copyOf(file.load().values()));
    } catch (MVStoreException e) {
      if (e.getErrorCode() == DataUtils.ERROR_FILE_LOCKED) {
        return null;
      }
      throw e;
    }
  }

  /** Makes a new file of these objects. On return it is on the disk. */
  public static void write(Path path, AtRest atRest, Listing contents) {
    ObjectFile.write(path, atRest, contents);
  }

  /** The revision of the last write. */
  public long revision() {
    lock.readLock().lock();
    try {
      return revision;
    } finally {
      lock.readLock().unlock();
    }
  }

  public @Nullable StoredObject get(Key key) {
    lock.readLock().lock();
    try {
      return current.get(key.path());
    } finally {
      lock.readLock().unlock();
    }
  }

  /** The present state of a range. */
  public Listing list(Range range) {
    lock.readLock().lock();
    try {
      return new Listing(revision, new ArrayList<>(view(range).values()));
    } finally {
      lock.readLock().unlock();
    }
  }

  /**
   * The state of a range at a revision of the past.
   *
   * @throws StoreException.Compacted when the history does not reach so far
   */
  public Listing listAt(Range range, long past) {
    lock.readLock().lock();
    try {
      NavigableMap<String, StoredObject> state = new TreeMap<>(view(range));
      for (Change change : history.since(past)) {
        String path = change.key().path();
        StoredObject before = change.before();
        if (!range.contains(path)) {
          continue;
        }
        if (before == null) {
          state.remove(path);
        } else {
          state.put(path, before);
        }
      }
      return new Listing(past, new ArrayList<>(state.values()));
    } finally {
      lock.readLock().unlock();
    }
  }

  private SortedMap<String, StoredObject> view(Range range) {
    return range.prefix().isEmpty() ? current : current.subMap(range.prefix(), range.end());
  }

  /** Follows a range from a revision that {@link #list} or an object has told. */
  public Watch watch(Range range, long after) {
    return new Watch(history, range, after);
  }

  /** Whether the revision has been reached before the patience ended. */
  public boolean await(long awaited, Duration patience) throws InterruptedException {
    return history.await(awaited, patience);
  }

  /**
   * Creates an object.
   *
   * @throws StoreException.AlreadyThere when there is such an object
   * @throws StoreException.GuardFailed when the guard does not hold
   */
  public StoredObject create(Key key, @Nullable Guard guard, Encoder encoder) {
    return submit(key, Change.Kind.CREATED, 0, guard, encoder);
  }

  /**
   * Replaces an object.
   *
   * @param expected the revision that the caller has read
   * @throws StoreException.Missing when there is no such object
   * @throws StoreException.Conflict when it has been written since
   */
  public StoredObject update(Key key, long expected, Encoder encoder) {
    return submit(key, Change.Kind.UPDATED, expected, null, encoder);
  }

  /**
   * Deletes an object.
   *
   * @param encoder makes what watchers are shown: the last state with the deletion's revision
   * @throws StoreException.Missing when there is no such object
   * @throws StoreException.Conflict when it has been written since
   */
  public StoredObject delete(Key key, long expected, Encoder encoder) {
    return submit(key, Change.Kind.DELETED, expected, null, encoder);
  }

  /** Forgets the history: older revisions can't be listed or watched from any more. */
  public void compact() {
    history.compact();
  }

  /** Ends all watches, so that whoever serves them can stop before the store is closed. */
  public void endWatches() {
    history.close();
  }

  /** Why writes are refused, or null. */
  public StoreException.@Nullable Failed failure() {
    return failure;
  }

  private StoredObject submit(
      Key key, Change.Kind kind, long expected, @Nullable Guard guard, Encoder encoder) {
    StoreException.Failed failed = failure;
    if (failed != null || closing) {
      throw failed != null ? failed : new IllegalStateException("the store is closed");
    }
    CompletableFuture<StoredObject> answer = new CompletableFuture<>();
    queue.add(new Write(key, kind, expected, guard, encoder, answer));
    failed = failure;
    if (failed != null) { // the writer may have died before it saw this one
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
        commit(batch.stream().filter(write -> write.encoder() != END).toList());
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
    List<Change> changes = new ArrayList<>();
    List<Write> accepted = new ArrayList<>();
    lock.writeLock().lock();
    try {
      for (Write write : batch) {
        try {
          changes.add(perform(write));
          accepted.add(write);
        } catch (RuntimeException e) {
          write.answer().completeExceptionally(e);
        }
      }
      if (!changes.isEmpty()) {
        try {
          file.commit(changes);
        } catch (RuntimeException e) {
          undo(changes);
          throw e;
        }
        history.append(changes);
      }
    } finally {
      lock.writeLock().unlock();
    }
    for (int i = 0; i < accepted.size(); i++) {
      accepted.get(i).answer().complete(changes.get(i).after());
    }
  }

  private Change perform(Write write) {
    String path = write.key().path();
    StoredObject before = current.get(path);
    check(write, before);
    long next = revision + 1;
    StoredObject after = new StoredObject(write.key(), next, write.encoder().encode(next));
    if (write.kind() == Change.Kind.DELETED) {
      current.remove(path);
    } else {
      current.put(path, after);
    }
    revision = next;
    return new Change(write.kind(), before, after);
  }

  private void check(Write write, @Nullable StoredObject before) {
    Guard guard = write.guard();
    if (guard != null) {
      StoredObject guarding = current.get(guard.key().path());
      if (guarding == null || guarding.revision() != guard.revision()) {
        throw new StoreException.GuardFailed(guard.key());
      }
    }
    if (write.kind() == Change.Kind.CREATED) {
      if (before != null) {
        throw new StoreException.AlreadyThere(write.key());
      }
    } else if (before == null) {
      throw new StoreException.Missing(write.key());
    } else if (before.revision() != write.expected()) {
      throw new StoreException.Conflict(write.key(), write.expected(), before.revision());
    }
  }

  private void undo(List<Change> changes) {
    for (Change change : changes.reversed()) {
      StoredObject before = change.before();
      if (before == null) {
        current.remove(change.key().path());
      } else {
        current.put(change.key().path(), before);
      }
      revision--;
    }
  }

  private void fail(List<Write> batch, RuntimeException cause) {
    StoreException.Failed failed =
        new StoreException.Failed(
            "the data file can't be written ("
                + cause.getMessage()
                + "); free space or repair the disk, then restart the control plane",
            cause);
    failure = failed;
    batch.forEach(write -> write.answer().completeExceptionally(failed));
    Write waiting = queue.poll();
    while (waiting != null) {
      waiting.answer().completeExceptionally(failed);
      waiting = queue.poll();
    }
  }

  private static final Encoder END = revision -> new byte[0];

  /** Ends all watches, finishes the writes that were submitted, and closes the file. */
  @Override
  public void close() {
    closing = true;
    history.close();
    queue.add(
        new Write(
            new Key("", "", "", ""), Change.Kind.CREATED, 0, null, END, new CompletableFuture<>()));
    try {
      writer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    file.close();
  }
}
