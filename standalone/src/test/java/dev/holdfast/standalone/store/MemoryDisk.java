package dev.holdfast.standalone.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.h2.store.fs.FileBaseDefault;
import org.h2.store.fs.FilePath;
import org.jspecify.annotations.Nullable;

/**
 * A file in memory, which remembers in what order it was written and can lose power: then what was
 * written since the last sync is there or not, sector by sector.
 */
final class MemoryDisk {
  private static final int SECTOR = 512;

  private byte[] bytes;
  private final byte[] initially;
  private final List<Operation> log = new ArrayList<>();

  /** What a file system is asked to do. */
  private sealed interface Operation {
    /** Syncs. */
    record Sync() implements Operation {}

    /** Sets the size. */
    record Truncate(long size) implements Operation {}

    /** Writes at a position. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Write(long position, byte[] bytes) implements Operation {}
  }

  MemoryDisk() {
    this(new byte[0]);
  }

  private MemoryDisk(byte[] bytes) {
    this.bytes = bytes;
    this.initially = bytes.clone();
  }

  /** How many operations there were. */
  int operations() {
    return log.size();
  }

  /**
   * The disk as it may be found when power fails after that many operations.
   *
   * @param kept how much of what was not synced is there, 0 to 1
   */
  MemoryDisk afterPowerFailure(int operations, double kept, Random random) {
    MemoryDisk found = new MemoryDisk(initially.clone());
    int synced = operations;
    while (synced > 0 && !(log.get(synced - 1) instanceof Operation.Sync)) {
      synced--;
    }
    for (int i = 0; i < operations; i++) {
      boolean safe = i < synced;
      switch (log.get(i)) {
        case Operation.Sync() -> {}
        case Operation.Truncate(long size) -> {
          if (safe || random.nextDouble() < kept) {
            found.truncate(size);
          }
        }
        case Operation.Write(long position, byte[] written) -> {
          for (int from = 0; from < written.length; from += SECTOR) {
            if (safe || random.nextDouble() < kept) {
              int to = Math.min(from + SECTOR, written.length);
              found.write(position + from, Arrays.copyOfRange(written, from, to));
            }
          }
        }
      }
    }
    return new MemoryDisk(found.bytes);
  }

  private void write(long position, byte[] written) {
    int end = (int) position + written.length;
    if (end > bytes.length) {
      bytes = Arrays.copyOf(bytes, end);
    }
    System.arraycopy(written, 0, bytes, (int) position, written.length);
  }

  private void truncate(long size) {
    if (size < bytes.length) {
      bytes = Arrays.copyOf(bytes, (int) size);
    }
  }

  private final class File extends FileBaseDefault {
    @Override
    public long size() {
      return bytes.length;
    }

    @Override
    public synchronized int read(ByteBuffer to, long position) {
      int count = Math.min(to.remaining(), bytes.length - (int) position);
      if (count <= 0) {
        return -1;
      }
      to.put(bytes, (int) position, count);
      return count;
    }

    @Override
    public synchronized int write(ByteBuffer from, long position) {
      byte[] written = new byte[from.remaining()];
      from.get(written);
      log.add(new Operation.Write(position, written));
      MemoryDisk.this.write(position, written);
      return written.length;
    }

    @Override
    protected void implTruncate(long size) {
      log.add(new Operation.Truncate(size));
      MemoryDisk.this.truncate(size);
    }

    @Override
    public void force(boolean metaData) {
      log.add(new Operation.Sync());
    }

    @Override
    public FileLock tryLock(long position, long size, boolean shared) {
      return new FileLock(this, position, size, shared) {
        @Override
        public boolean isValid() {
          return true;
        }

        @Override
        public void release() {
          // nobody else can have it
        }
      };
    }
  }

  /** Disks by the names of files, as MVStore finds them. */
  static final class Disks extends FilePath {
    private static final String SCHEME = "memorydisk";
    private final Map<String, MemoryDisk> disks;

    Disks() {
      this(new ConcurrentHashMap<>(), SCHEME + ":");
    }

    private Disks(Map<String, MemoryDisk> disks, String name) {
      this.disks = disks;
      this.name = name;
    }

    String put(String file, MemoryDisk disk) {
      String path = SCHEME + ":" + file;
      disks.put(path, disk);
      return path;
    }

    private @Nullable MemoryDisk disk() {
      return disks.get(name);
    }

    @Override
    public FileChannel open(String mode) throws IOException {
      MemoryDisk disk = disk();
      if (disk == null) {
        throw new IOException("there is no " + name);
      }
      return disk.new File();
    }

    @Override
    public String getScheme() {
      return SCHEME;
    }

    @Override
    public FilePath getPath(String path) {
      return new Disks(disks, path);
    }

    @Override
    public long size() {
      MemoryDisk disk = disk();
      return disk == null ? 0 : disk.bytes.length;
    }

    @Override
    public boolean exists() {
      return disk() != null;
    }

    @Override
    public boolean canWrite() {
      return true;
    }

    @Override
    public @Nullable FilePath getParent() {
      return null;
    }

    @Override
    public FilePath toRealPath() {
      return this;
    }

    @Override
    public boolean isDirectory() {
      return false;
    }

    @Override
    public boolean isRegularFile() {
      return exists();
    }

    @Override
    public boolean isAbsolute() {
      return true;
    }

    @Override
    public long lastModified() {
      return 0;
    }

    @Override
    public void delete() {
      disks.remove(name);
    }

    @Override
    public List<FilePath> newDirectoryStream() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void moveTo(FilePath newName, boolean atomicReplace) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean createFile() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void createDirectory() {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean setReadOnly() {
      throw new UnsupportedOperationException();
    }
  }
}
