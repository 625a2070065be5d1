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
  private static final int CACHE_MEBIBYTES = 1; // everything is held in memory by ObjectStore

  private final MVStore file;
  private final MVMap<String, byte[]> objects;
  private final MVMap<String, Long> meta;
  private final AtRest atRest;
  private final boolean sync;

  ObjectFile(Path path, AtRest atRest, boolean sync) {
    this.atRest = atRest;
    this.sync = sync;
    this.file =
        new MVStore.Builder()
            .fileName(path.toString())
            .autoCommitDisabled()
            .cacheSize(CACHE_MEBIBYTES)
            .open();
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
          all.put(path, new StoredObject(key, revision, atRest.open(key, sealed)));
        });
    return all;
  }

  /** Writes all of the changes or none of them. */
  void commit(List<Change> changes) {
    for (Change change : changes) {
      String path = change.key().path();
      if (change.kind() == Change.Kind.DELETED) {
        objects.remove(path);
      } else {
        byte[] sealed = atRest.seal(change.key(), change.after().json());
        objects.put(
            path,
            ByteBuffer.allocate(Long.BYTES + sealed.length)
                .putLong(change.revision())
                .put(sealed)
                .array());
      }
    }
    meta.put(REVISION, changes.getLast().revision());
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
