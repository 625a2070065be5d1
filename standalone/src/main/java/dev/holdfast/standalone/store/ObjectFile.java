package dev.holdfast.standalone.store;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ByteArrayDataType;
import org.h2.mvstore.type.LongDataType;
import org.h2.mvstore.type.StringDataType;

/**
 * The file: MVStore, which appends whole versions, so that after a crash it opens at the last
 * version that was committed. Used by one thread at a time.
 */
final class ObjectFile implements AutoCloseable {
  private static final String REVISION = "revision";
  // As in etcd; 0 means "any" in requests, so that nothing may be at it.
  private static final long FIRST_REVISION = 1;
  // Chunks are synced before they count, so space need not be kept for reordered writes for long.
  private static final int RETENTION_MILLIS = 5_000;
  private static final int BATCH = 1_000; // objects, before a new file is committed in between
  private static final int CACHE_MEBIBYTES = 1; // everything is held in memory by ObjectStore

  private final MVStore file;
  private final MVMap<String, byte[]> objects;
  private final MVMap<String, Long> meta;
  private final AtRest atRest;
  private final boolean sync;
  private boolean sealed = true;

  /** Opens or creates the file, for this process only. */
  ObjectFile(Path path, AtRest atRest, boolean sync) {
    this(new MVStore.Builder(), path, atRest, sync);
  }

  private ObjectFile(MVStore.Builder builder, Path path, AtRest atRest, boolean sync) {
    this.atRest = atRest;
    this.sync = sync;
    this.file =
        builder.fileName(path.toString()).autoCommitDisabled().cacheSize(CACHE_MEBIBYTES).open();
    file.setVersionsToKeep(0);
    file.setRetentionTime(RETENTION_MILLIS);
    this.objects =
        file.openMap(
            "objects",
            new MVMap.Builder<String, byte[]>()
                .keyType(StringDataType.INSTANCE)
                .valueType(ByteArrayDataType.INSTANCE));
    this.meta =
        file.openMap(
            "meta",
            new MVMap.Builder<String, Long>()
                .keyType(StringDataType.INSTANCE)
                .valueType(LongDataType.INSTANCE));
  }

  /** Opens a file that is there, and changes nothing in it. */
  static ObjectFile toRead(Path path, AtRest atRest) {
    return new ObjectFile(new MVStore.Builder().readOnly(), path, atRest, false);
  }

  /** Makes a new file of these objects. On return it is on the disk. */
  static void write(Path path, AtRest atRest, Listing contents) {
    try (ObjectFile file = new ObjectFile(path, atRest, true)) {
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
    Long revision = meta.get(REVISION);
    return revision == null ? FIRST_REVISION : revision;
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

  /** Writes all of the changes or none of them. */
  void commit(List<Change> changes) {
    for (Change change : changes) {
      if (change.kind() == Change.Kind.DELETED) {
        objects.remove(change.key().path());
      } else {
        put(change.after());
      }
    }
    commitAt(changes.getLast().revision());
  }

  private void put(StoredObject object) {
    byte[] bytes = atRest.seal(object.key(), object.json());
    objects.put(
        object.key().path(),
        ByteBuffer.allocate(Long.BYTES + bytes.length)
            .putLong(object.revision())
            .put(bytes)
            .array());
  }

  private void commitAt(long revision) {
    meta.put(REVISION, revision);
    file.commit();
    if (sync) {
      file.sync();
    }
  }

  /** Gives space back; for when there is nothing else to do. */
  void tidy() {
    file.compact(80, 4 << 20);
  }

  @Override
  public void close() {
    file.close();
  }
}
