package dev.holdfast.standalone.store;

import com.google.common.base.Throwables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
  private static final Duration IDLE = Duration.ofSeconds(20);

  /** Stands for the latest revision there is. */
  public static final long PRESENT = -1;

  private final ObjectFile file;
  private final LinkedBlockingQueue<Write> queue = new LinkedBlockingQueue<>();
  private final Thread writer;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition written = lock.newCondition();
  private final State state; // guarded by the lock, and changed by the writer only
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
    this.state = new State(file.load(), file.revision(), options);
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
    return locked(state::revision);
  }

  public @Nullable StoredObject get(Key key) {
    return this.<@Nullable StoredObject>locked(() -> state.get(key));
  }

  /** Bytes that all objects take. */
  public long size() {
    return locked(state::size);
  }

  /** Bytes that all objects may take. */
  public long quota() {
    return state.quota();
  }

  /** The present state of a range. */
  public Listing list(Range range) {
    return locked(() -> state.list(range));
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
    return locked(() -> state.list(range, past == PRESENT ? state.revision() : past, start, most));
  }

  /** Follows a range from a revision that {@link #list} or an object has told. */
  public Watch watch(Range range, long after) {
    return new Watch(this, range, after);
  }

  /** The first changes after a revision, some {@code wanted} bytes of them; waits for one. */
  List<Change> after(long revision, long wanted, Duration patience) throws InterruptedException {
    await(revision + 1, patience);
    return locked(() -> state.after(revision, wanted));
  }

  /** Whether the revision has been reached before the patience ended. */
  public boolean await(long revision, Duration patience) throws InterruptedException {
    lock.lock();
    try {
      long left = patience.toNanos();
      while (state.revision() < revision && !watchesEnded && left > 0) {
        left = written.awaitNanos(left);
      }
      return state.revision() >= revision;
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
    long growth = 0;
    for (Write write : batch) {
      try {
        Change change = perform(write, latest, state.revision() + changes.size() + 1);
        state.requireRoom(change, write.leaving(), growth);
        growth += change.growth();
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
      changes.forEach(state::apply);
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

  /** As it is after the changes that are about to be committed. */
  private @Nullable StoredObject present(Key key, Map<String, Change> latest) {
    Change change = latest.get(key.path());
    return change == null ? state.get(key) : change.left();
  }

  private void fail(List<Write> batch, RuntimeException cause) {
    Throwable reason = Throwables.getRootCause(cause);
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
