package dev.holdfast.node.host.storage;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.StoragePoolSpec;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.host.DiskHost;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.command.Command;
import dev.holdfast.node.host.command.CommandResult;
import dev.holdfast.node.plan.HostState.Image;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Pools that are directories of a file system with hard links and owners.
 *
 * <p>The format of an image is known from its name, never from its content: a name that ends with
 * {@code .qcow2} is qcow2, every other is raw. A guest can write anything into a raw image, also a
 * qcow2 header that names a file of the host as its backing file (CVE-2008-2004).
 *
 * <p>A half-made image is called {@code .holdfast-new.<name of the image>}. Only the owner of the
 * disk makes or deletes it, so what is found under that name is left over from a crash; it is
 * removed when the disk is made again or deleted.
 */
public final class DirDiskHost implements DiskHost {
  private static final String HALF_MADE_PREFIX = ".holdfast-new.";
  private static final String QCOW2_SUFFIX = ".qcow2";
  private static final int SECTOR_BYTES = 512;
  private static final int ROOT = 0;

  /** Room for the tables of a new image; below it the file system counts as full. */
  private static final long LEAST_FREE_BYTES = 1 << 20;

  private static final Duration QEMU_IMG_TIMEOUT = Duration.ofSeconds(60);

  private final Map<Path, ReentrantLock> locks = new ConcurrentHashMap<>();

  @Override
  public Image inspect(String path) throws HostException {
    return inspect(PoolDirectories.absolute(path));
  }

  private static Image inspect(Path path) throws HostException {
    try {
      BasicFileAttributes file =
          Files.readAttributes(path, BasicFileAttributes.class, NOFOLLOW_LINKS);
      if (file.isSymbolicLink()) {
        return new Image.Unusable(path + " is a symbolic link, which is never followed");
      }
      if (!file.isRegularFile()) {
        return new Image.Unusable(path + " is no regular file");
      }
      ImageAccess owner = ImageAccess.read(path);
      return switch (formatOf(path)) {
        case RAW -> raw(path, file.size(), owner);
        case QCOW2 -> qcow2(path, owner);
      };
    } catch (NoSuchFileException e) {
      return new Image.Absent();
    } catch (IOException e) {
      return new Image.Unusable(path + " cannot be read: " + e);
    }
  }

  private static Image raw(Path path, long size, ImageAccess owner) {
    if (size == 0) {
      return new Image.Unusable(path + " is empty");
    }
    return new Image.Present(DiskFormat.RAW, size, owner.uid(), owner.sharedGroup());
  }

  private static Image qcow2(Path path, ImageAccess owner) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, NOFOLLOW_LINKS)) {
      Qcow2Header header = Qcow2Header.read(channel);
      return header.defect() == null
          ? new Image.Present(
              DiskFormat.QCOW2, header.capacityBytes(), owner.uid(), owner.sharedGroup())
          : new Image.Unusable(path + " cannot be used: " + header.defect());
    }
  }

  private static DiskFormat formatOf(Path path) {
    return path.toString().endsWith(QCOW2_SUFFIX) ? DiskFormat.QCOW2 : DiskFormat.RAW;
  }

  @Override
  public void create(VirtualDiskInstanceSpec disk) throws HostException {
    Path image = PoolDirectories.inside(disk.poolPath(), disk.path());
    if (formatOf(image) != disk.format()) {
      throw new HostException(
          "ImageConflict",
          image
              + " cannot be a "
              + disk.format().qemuName()
              + " image: only and all names of qcow2 images end with "
              + QCOW2_SUFFIX);
    }
    ReentrantLock lock = locks.computeIfAbsent(image, p -> new ReentrantLock());
    lock.lock();
    try {
      if (isAlreadyThere(image, disk)) {
        return;
      }
      PoolDirectories.make(PoolDirectories.of(image));
      PoolDirectories.inside(disk.poolPath(), disk.path());
      make(image, disk);
    } catch (IOException e) {
      throw failure("make the image " + image, image, e);
    } finally {
      lock.unlock();
    }
  }

  private static boolean isAlreadyThere(Path image, VirtualDiskInstanceSpec disk)
      throws HostException {
    return switch (inspect(image)) {
      case Image.Absent() -> false;
      case Image.Unusable(String reason) ->
          throw new HostException("ImageConflict", conflict(image) + reason);
      case Image.Present(DiskFormat format, long capacityBytes, int _, int _) -> {
        if (capacityBytes != wholeSectors(disk.capacityBytes())) {
          throw new HostException(
              "ImageConflict",
              conflict(image)
                  + "it is a "
                  + format.qemuName()
                  + " image of "
                  + capacityBytes
                  + " bytes, not of "
                  + disk.capacityBytes());
        }
        yield true;
      }
    };
  }

  private static String conflict(Path image) {
    return "Something else lies where the disk shall be; move it away or name the disk otherwise: "
        + image
        + ": ";
  }

  /** QEMU knows disks in sectors only and rounds up the size of a new image. */
  private static long wholeSectors(long bytes) {
    return Math.ceilDiv(bytes, SECTOR_BYTES) * SECTOR_BYTES;
  }

  private static void make(Path image, VirtualDiskInstanceSpec disk)
      throws HostException, IOException {
    Path halfMade = halfMade(image);
    deleteRegularFile(halfMade);
    requireRoom(image);
    try {
      Files.createFile(halfMade, PosixFilePermissions.asFileAttribute(ImageAccess.OF_ONE));
      switch (disk.format()) {
        case RAW -> writeRaw(halfMade, disk.capacityBytes());
        case QCOW2 -> writeQcow2(halfMade, image, disk.capacityBytes());
      }
      try (FileChannel channel = FileChannel.open(halfMade, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Integer group = disk.group();
      if (group != null) {
        ImageAccess.ofGroup(group).applyTo(halfMade);
      }
      // link(2) fails where the name is taken; rename(2) would replace what is there.
      Files.createLink(image, halfMade);
    } catch (FileAlreadyExistsException e) {
      throw new HostException("ImageConflict", conflict(image) + "it has just been made", e);
    } finally {
      Files.deleteIfExists(halfMade);
    }
    PoolDirectories.sync(PoolDirectories.of(image));
  }

  private static Path halfMade(Path image) {
    return image.resolveSibling(HALF_MADE_PREFIX + image.getFileName());
  }

  private static void writeRaw(Path file, long capacityBytes) throws IOException {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(wholeSectors(capacityBytes));
    }
  }

  /**
   * Without preallocation, so that a disk takes milliseconds to make and room only for what its
   * guest writes; without lazy refcounts, so that after a crash no repair delays the next start.
   */
  private static void writeQcow2(Path file, Path image, long capacityBytes) throws HostException {
    Command command =
        Command.of(
                List.of(
                    "qemu-img",
                    "create",
                    "-q",
                    "-f",
                    "qcow2",
                    "-o",
                    "compat=1.1,lazy_refcounts=off,preallocation=off,cluster_size=65536",
                    "--",
                    file.toString(),
                    Long.toString(capacityBytes)))
            .withTimeout(QEMU_IMG_TIMEOUT);
    CommandResult result = command.execute();
    if (isFull(result.stderr())) {
      throw diskFull(image, result.stderr());
    }
    if (!result.succeeded()) {
      throw command.failure("StorageFailed", result);
    }
  }

  private static void requireRoom(Path image) throws HostException {
    if (PoolDirectories.of(image).toFile().getUsableSpace() < LEAST_FREE_BYTES) {
      throw diskFull(image, "less than " + LEAST_FREE_BYTES + " bytes are free");
    }
  }

  private static boolean isFull(String words) {
    return words.contains("No space left on device") || words.contains("Disk quota exceeded");
  }

  private static HostException diskFull(Path image, String cause) {
    return new HostException(
        "DiskFull",
        "No room for the image "
            + image
            + ": "
            + cause
            + " (free: "
            + PoolDirectories.of(image).toFile().getUsableSpace()
            + " bytes). Free some space in the pool or enlarge its file system");
  }

  private static HostException failure(String what, Path image, IOException e) {
    return isFull(String.valueOf(e.getMessage()))
        ? diskFull(image, "No space left on device")
        : new HostException("StorageFailed", "Cannot " + what + ": " + e, e);
  }

  @Override
  public void delete(VirtualDiskInstanceSpec disk) throws HostException {
    Path image = PoolDirectories.inside(disk.poolPath(), disk.path());
    ReentrantLock lock = locks.computeIfAbsent(image, p -> new ReentrantLock());
    lock.lock();
    try {
      boolean leftover = deleteRegularFile(halfMade(image));
      boolean deleted = deleteRegularFile(image);
      if (leftover || deleted) {
        PoolDirectories.sync(PoolDirectories.of(image));
      }
    } catch (IOException e) {
      throw failure("delete the image " + image, image, e);
    } finally {
      lock.unlock();
      locks.remove(image, lock);
    }
  }

  private static boolean deleteRegularFile(Path file) throws IOException, HostException {
    if (!Files.exists(file, NOFOLLOW_LINKS)) {
      return false;
    }
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS)) {
      throw new HostException(
          "ImageConflict", file + " is no regular file, so it is no image of ours; look at it");
    }
    return Files.deleteIfExists(file);
  }

  @Override
  public void setOwner(String path, int uid) throws HostException {
    Path image = PoolDirectories.absolute(path);
    try {
      if (uid == ROOT && !Files.exists(image, NOFOLLOW_LINKS)) {
        return;
      }
      ImageAccess.ofUser(uid).applyTo(image);
    } catch (IOException e) {
      throw failure("give the image " + path + " to user " + uid, image, e);
    }
  }

  @Override
  public void share(String path, int group) throws HostException {
    Path image = PoolDirectories.absolute(path);
    try {
      ImageAccess.ofGroup(group).applyTo(image);
    } catch (IOException e) {
      throw failure("share the image " + path + " with group " + group, image, e);
    }
  }

  @Override
  public void makeParent(String path) throws HostException {
    Path directory = PoolDirectories.of(PoolDirectories.absolute(path));
    try {
      PoolDirectories.make(directory);
    } catch (IOException e) {
      throw new HostException("StorageFailed", "Cannot make " + directory + ": " + e, e);
    }
  }

  @Override
  public long preparePool(String path) throws HostException {
    Path pool = PoolDirectories.absolute(path);
    StoragePoolSpec.Dir directories = new StoragePoolSpec.Dir(path, false);
    Path disks = Path.of(directories.disksPath());
    Path boot = Path.of(directories.bootPath());
    try {
      PoolDirectories.make(disks);
      PoolDirectories.make(boot);
      for (Path directory : List.of(disks, boot)) {
        requirePassage(directory);
      }
      requireWritable(disks);
    } catch (IOException e) {
      throw new HostException(
          "PoolUnusable", "The pool at " + path + " cannot be used on this host: " + e, e);
    }
    return pool.toFile().getTotalSpace();
  }

  /** QEMU runs as a user of its own and must be able to pass through to its image. */
  private static void requirePassage(Path directory) throws IOException, HostException {
    for (Path path = directory.toRealPath(); path != null; path = path.getParent()) {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(path);
      if (!mode.contains(PosixFilePermission.OTHERS_EXECUTE)) {
        throw new HostException(
            "PoolUnusable",
            "The pool's directory "
                + directory
                + " cannot be reached by the users that virtual machines run as: "
                + path
                + " has mode "
                + PosixFilePermissions.toString(mode)
                + ". Run 'chmod o+x "
                + path
                + "' or use another path");
      }
    }
    if (Files.getPosixFilePermissions(directory).contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new HostException(
          "PoolUnusable",
          "Everybody can write the pool's directory "
              + directory
              + ", so images could be swapped. Run 'chmod 0711 "
              + directory
              + "'");
    }
  }

  private static void requireWritable(Path directory) throws IOException {
    Path probe = directory.resolve(HALF_MADE_PREFIX + "probe");
    Files.deleteIfExists(probe);
    Files.createFile(probe);
    Files.delete(probe);
  }
}
