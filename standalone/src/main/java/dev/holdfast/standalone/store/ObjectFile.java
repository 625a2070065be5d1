package dev.holdfast.standalone.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.MVStoreException;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.DataType;
import org.h2.mvstore.type.LongDataType;
import org.h2.mvstore.type.StringDataType;
import org.h2.store.fs.FilePath;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file: MVStore, which appends whole versions, so that after a crash it opens at the last
 * version that was committed. Used by one thread at a time.
 *
 * <p>MVStore looks at both ends of what was written last, but a power failure may lose the middle.
 * Therefore each version is checked before MVStore sees it ({@link ChunkedFile}), and carries the
 * sum of the checksums of all objects.
 */
final class ObjectFile implements AutoCloseable {
  /** Every version is synced before the next, so space need not be kept for long. */
  static final Duration RETENTION = Duration.ofSeconds(5);

  private static final Logger LOG = LoggerFactory.getLogger(ObjectFile.class);
  private static final String REVISION = "revision";
  private static final String SUM = "sum";
  // As in etcd; 0 means "any" in requests, so that nothing may be at it.
  private static final long FIRST_REVISION = 1;
  private static final int MOST_TORN = 1; // ChunkedFile syncs one before it writes the next
  private static final int BATCH = 1_000; // objects, before a new file is committed in between
  private static final int CACHE_MEBIBYTES = 1; // everything is held in memory by ObjectStore

  private final MVStore file;
  private final MVMap<String, byte[]> objects;
  private final MVMap<String, Long> meta;
  private final AtRest atRest;
  private final boolean sync;
  private boolean sealed = true;
  private long sum; // of the checksums of all objects

  private ObjectFile(String path, AtRest atRest, boolean sync, Duration retention, long version) {
    this.atRest = atRest;
    this.sync = sync;
    ChunkedFile chunks = new ChunkedFile(path, CACHE_MEBIBYTES, sync);
    try {
      this.file = new MVStore.Builder().adoptFileStore(chunks).autoCommitDisabled().open();
    } catch (RuntimeException e) {
      chunks.close();
      throw e;
    }
    try {
      file.setVersionsToKeep(0);
      file.setRetentionTime((int) retention.toMillis());
      this.objects = map("objects", ByteArrayDataType.INSTANCE);
      this.meta = map("meta", LongDataType.INSTANCE);
      for (Map.Entry<String, byte[]> object : objects.entrySet()) {
        sum += checksum(object.getKey(), object.getValue());
      }
      boolean old =
          file.getCurrentVersion() < version || (version > 0 && !meta.containsKey(REVISION));
      if (old || sum != meta.getOrDefault(SUM, sum)) {
        throw DataUtils.newMVStoreException(
            DataUtils.ERROR_FILE_CORRUPT, "{0} lacks parts of version {1}", path, version);
      }
      meta.putIfAbsent(
          REVISION, FIRST_REVISION); // is written with the first change, or when closed
    } catch (RuntimeException e) {
      file.closeImmediately();
      throw e;
    }
  }

  private <V> MVMap<String, V> map(String name, DataType<V> values) {
    return file.openMap(
        name, new MVMap.Builder<String, V>().keyType(StringDataType.INSTANCE).valueType(values));
  }

  /**
   * Opens or creates it.
   *
   * @param retention how long space is kept that is not used any more
   * @throws MVStoreException when another process has it open
   * @throws IOException when it is damaged in another way than by a power failure
   */
  static ObjectFile open(Path path, AtRest atRest, boolean sync, Duration retention)
      throws IOException {
    String name = path.toString();
    List<Recovery.Chunk> chunks = List.of();
    boolean clean = true;
    if (FilePath.get(name).exists()) {
      try (Recovery recovery = new Recovery(name)) {
        chunks = recovery.chunks();
        clean = recovery.isClean();
      }
    }
    if (chunks.isEmpty()) {
      return new ObjectFile(name, atRest, sync, retention, 0);
    }
    RuntimeException failure = new IllegalStateException();
    if (clean) {
      // MVStore goes back even then, when the last version knows of chunks that a crash has taken.
      try {
        return new ObjectFile(name, atRest, sync, retention, chunks.getFirst().number());
      } catch (RuntimeException e) {
        failure.addSuppressed(e);
      }
    }
    List<Recovery.Chunk> candidates = chunks.subList(0, Math.min(MOST_TORN + 1, chunks.size()));
    for (Recovery.Chunk chunk : candidates) {
      boolean whole;
      try (Recovery recovery = new Recovery(name)) {
        whole = recovery.isWhole(chunk);
        recovery.choose(chunk);
      }
      try {
        if (!whole) {
          throw new IllegalStateException("parts of version " + chunk.number() + " are missing");
        }
        return new ObjectFile(name, atRest, sync, retention, chunk.number());
      } catch (RuntimeException e) {
        LOG.warn(
            "Leaving out the last write to {}, as power failed in it: {}", path, e.getMessage());
        failure.addSuppressed(e);
      }
      try (Recovery recovery = new Recovery(name)) {
        recovery.show(chunk, false);
      }
    }
    try (Recovery recovery = new Recovery(name)) {
      for (Recovery.Chunk chunk : candidates) {
        recovery.show(chunk, true);
      }
      recovery.choose(candidates.getFirst());
    }
    throw new IOException(path + " is damaged: put it back from a backup", failure);
  }

  /** Makes a new file of these objects. On return it is on the disk. */
  static void write(Path path, AtRest atRest, Listing contents) throws IOException {
    try (ObjectFile file = open(path, atRest, true, RETENTION)) {
      int written = 0;
      for (StoredObject object : contents.objects()) {
        file.put(object);
        if (++written % BATCH == 0) {
          file.file.commit();
        }
      }
      file.commitAt(contents.revision());
    }
  }

  long revision() {
    return Objects.requireNonNull(meta.get(REVISION));
  }

  NavigableMap<String, StoredObject> load() {
    NavigableMap<String, StoredObject> all = new TreeMap<>();
    objects.forEach(
        (path, bytes) -> {
          Key key = Key.parse(path);
          ByteBuffer buffer = ByteBuffer.wrap(bytes);
          long revision = buffer.getLong();
          byte[] sealed = new byte[buffer.remaining()];
          buffer.get(sealed);
          this.sealed &= atRest.isSealed(key, sealed);
          all.put(path, new StoredObject(key, revision, atRest.open(key, sealed)));
        });
    return all;
  }

  /** Whether everything that was loaded was sealed as it has to be. */
  boolean isSealed() {
    return sealed;
  }

  private static long checksum(String path, byte @Nullable [] stored) {
    if (stored == null) {
      return 0;
    }
    CRC32C checksum = new CRC32C();
    checksum.update(path.getBytes(UTF_8));
    checksum.update(stored);
    return checksum.getValue();
  }

  /** Writes all of the changes or none of them. */
  void commit(List<Change> changes) {
    for (Change change : changes) {
      if (change.left() == null) {
        String path = change.key().path();
        sum -= checksum(path, objects.remove(path));
      } else {
        put(change.after());
      }
    }
    commitAt(changes.getLast().revision());
  }

  private void put(StoredObject object) {
    String path = object.key().path();
    byte[] bytes = atRest.seal(object.key(), object.json());
    byte[] stored =
        ByteBuffer.allocate(Long.BYTES + bytes.length)
            .putLong(object.revision())
            .put(bytes)
            .array();
    sum += checksum(path, stored) - checksum(path, objects.put(path, stored));
  }

  private void commitAt(long revision) {
    meta.put(REVISION, revision);
    meta.put(SUM, sum);
    file.commit();
    if (sync) {
      file.sync();
    }
  }

  /** Gives space back; for when there is nothing else to do. */
  void tidy() {
    if (file.compact(80, 4 << 20)) {
      file.sync(); // else the next version could overwrite what was moved before it is safe
    }
  }

  @Override
  public void close() {
    // Else the mark that all is well could be on the disk before what MVStore writes at last.
    if (sync && !file.isClosed() && file.commit() >= 0) {
      file.sync();
    }
    file.close();
  }
}
