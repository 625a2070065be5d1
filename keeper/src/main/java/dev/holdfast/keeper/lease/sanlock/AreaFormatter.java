package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.lease.DisposableThread;
import dev.holdfast.keeper.linux.DirectFile;
import dev.holdfast.keeper.process.KeeperRefusal;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.Lockspace;
import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LeaseFormatException;
import dev.holdfast.keeper.sanlock.format.LockspaceLayout;
import dev.holdfast.keeper.sanlock.format.ResourceLayout;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.UUID;

/** Makes lockspaces and leases, and never in the place of anything else. */
final class AreaFormatter {
  /**
   * The resource that whoever makes a lease in the lockspace holds meanwhile. Its area is one of
   * the two that sanlock keeps for an index of resources, and serves the same end as there.
   */
  static final String MAKER = "holdfast-lease-maker";

  private static final int MAKER_AREA = 2;
  private static final int FIRST_LEASE_AREA = 3;
  private static final int LIMIT_FACTOR = 6;

  /** What is looked at in one piece, so that the largest area need not be in memory twice. */
  private static final int PIECE_BYTES = 256 * 1024;

  private AreaFormatter() {}

  static Geometry geometry(Lockspace lockspace) {
    return new Geometry(lockspace.sectorSize(), lockspace.alignMebibytes());
  }

  static long makerOffset(Lockspace lockspace) {
    return lockspace.offset() + (long) MAKER_AREA * geometry(lockspace).areaBytes();
  }

  private static Duration limit(Lockspace lockspace) {
    return Duration.ofSeconds((long) LIMIT_FACTOR * lockspace.ioTimeoutSeconds());
  }

  /** Makes a lockspace where there is none; one of that name is left alone. */
  static void formatLockspace(Lockspace lockspace) throws KeeperRefusal {
    bounded(
        "making lockspace " + lockspace.name() + " in " + lockspace.path(),
        limit(lockspace),
        () -> {
          if (Files.notExists(lockspace.path(), LinkOption.NOFOLLOW_LINKS)) {
            makeFile(lockspace);
          }
          try (DirectFile file = DirectFile.open(lockspace.path())) {
            makeArea(
                file,
                lockspace.offset(),
                blank(lockspace),
                lockspace.sectorSize(),
                found -> isLockspace(found, lockspace));
            makeArea(
                file,
                makerOffset(lockspace),
                maker(lockspace),
                lockspace.sectorSize(),
                found -> isResource(found, lockspace, MAKER));
          }
        });
  }

  /** Whoever links the finished file first has made it; nobody ever sees a half-made one. */
  private static void makeFile(Lockspace lockspace) throws IOException {
    Path temporary =
        lockspace
            .path()
            .resolveSibling("." + lockspace.path().getFileName() + "." + UUID.randomUUID());
    Geometry geometry = geometry(lockspace);
    try {
      long bytes = lockspace.offset() + (long) FIRST_LEASE_AREA * geometry.areaBytes();
      try (DirectFile file = DirectFile.create(temporary, bytes)) {
        file.write(lockspace.offset(), blank(lockspace));
        file.write(makerOffset(lockspace), maker(lockspace));
        file.sync();
      }
      Files.createLink(lockspace.path(), temporary);
    } catch (FileAlreadyExistsException another) {
      // Another host was faster; what it has made is looked at next.
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static byte[] blank(Lockspace lockspace) {
    return LockspaceLayout.blank(
        geometry(lockspace), lockspace.name(), lockspace.ioTimeoutSeconds());
  }

  private static byte[] maker(Lockspace lockspace) {
    return ResourceLayout.blank(geometry(lockspace), lockspace.name(), MAKER);
  }

  /**
   * Makes a lease where there is none; one of that name is left alone.
   *
   * @param afterwards run when nothing more will be written, which may be long after this has
   *     thrown that it takes too long
   */
  static void formatLease(Lockspace lockspace, Lease.Sanlock lease, Runnable afterwards)
      throws KeeperRefusal {
    Geometry geometry = geometry(lockspace);
    if (lease.offset() % geometry.areaBytes() != 0) {
      afterwards.run();
      throw new KeeperRefusal(
          FailureCode.MALFORMED,
          "offset " + lease.offset() + " is no multiple of " + geometry.alignMebibytes() + " MiB");
    }
    bounded(
        "making lease " + lease.resource() + " in " + lease.path(),
        limit(lockspace),
        () -> {
          try (DirectFile file = DirectFile.open(lease.path())) {
            makeArea(
                file,
                lease.offset(),
                ResourceLayout.blank(geometry, lockspace.name(), lease.resource()),
                lockspace.sectorSize(),
                found -> isResource(found, lockspace, lease.resource()));
          } finally {
            afterwards.run();
          }
        });
  }

  private interface Check {
    boolean isSame(LeaderRecord found);
  }

  private static boolean isLockspace(LeaderRecord found, Lockspace lockspace) {
    return found.kind() == LeaderRecord.Kind.HOST
        && found.lockspace().equals(lockspace.name())
        && isGeometry(found, lockspace);
  }

  private static boolean isResource(LeaderRecord found, Lockspace lockspace, String resource) {
    return found.kind() == LeaderRecord.Kind.RESOURCE
        && found.lockspace().equals(lockspace.name())
        && found.name().equals(resource)
        && isGeometry(found, lockspace);
  }

  private static boolean isGeometry(LeaderRecord found, Lockspace lockspace) {
    try {
      return found.geometry().equals(geometry(lockspace));
    } catch (LeaseFormatException impossible) {
      return false;
    }
  }

  private static void makeArea(
      DirectFile file, long offset, byte[] blank, int sectorSize, Check check) throws IOException {
    byte[] head = file.readPastEnd(offset, sectorSize);
    if (LeaderRecord.isAt(head, 0)) {
      LeaderRecord leader = LeaderRecord.decode(head, 0);
      if (check.isSame(leader)) {
        return;
      }
      if (leader.kind() != LeaderRecord.Kind.CLEARED) {
        throw new IOException(
            "at "
                + offset
                + " is "
                + leader.kind()
                + " '"
                + leader.name()
                + "' of lockspace '"
                + leader.lockspace()
                + "': it is not overwritten");
      }
    } else if (!isBegun(file, offset, blank, sectorSize)) {
      throw new IOException("at " + offset + " is something else: it is not overwritten");
    }
    byte[] first = Arrays.copyOf(blank, sectorSize);
    Arrays.fill(blank, 0, sectorSize, (byte) 0);
    file.write(offset, blank);
    // The magic comes last: a half-made area is none.
    file.write(offset, first);
    file.sync();
  }

  /** Whether the area is empty, or somebody has begun to make the same before. */
  private static boolean isBegun(DirectFile file, long offset, byte[] blank, int sectorSize)
      throws IOException {
    for (int at = 0; at < blank.length; at += PIECE_BYTES) {
      byte[] piece = file.readPastEnd(offset + at, PIECE_BYTES);
      for (int sector = 0; sector < PIECE_BYTES; sector += sectorSize) {
        int end = sector + sectorSize;
        if (!Arrays.equals(piece, sector, end, blank, at + sector, at + end)
            && !isZero(piece, sector, end)) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean isZero(byte[] bytes, int from, int to) {
    for (int at = from; at < to; at++) {
      if (bytes[at] != 0) {
        return false;
      }
    }
    return true;
  }

  private interface Making {
    void run() throws IOException;
  }

  private static void bounded(String what, Duration limit, Making making) throws KeeperRefusal {
    try {
      boolean ignored =
          DisposableThread.call(
              what,
              limit,
              () -> {
                making.run();
                return true;
              },
              _ -> {});
    } catch (IOException failure) {
      throw new KeeperRefusal(FailureCode.LEASE_STORAGE, what + ": " + failure.getMessage());
    }
  }
}
