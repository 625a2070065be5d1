package dev.holdfast.keeper.sanlock.model;

import dev.holdfast.keeper.sanlock.format.BallotBlock;
import dev.holdfast.keeper.sanlock.format.Geometry;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LeaseFormatException;
import dev.holdfast.keeper.sanlock.format.LockspaceLayout;
import dev.holdfast.keeper.sanlock.format.ResourceLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.zip.CRC32C;

/**
 * A lockspace at 0 and one resource behind it. Only the first sectors of each ever change; their
 * past is kept, for a read may see each at another moment.
 */
final class SharedStorage {
  static final Geometry GEOMETRY = Geometry.DEFAULT;
  static final String LOCKSPACE = "model";
  static final String RESOURCE = "disk";
  static final int RESOURCE_OFFSET = GEOMETRY.areaBytes();

  /** Of each area; enough for six hosts. */
  static final int SECTORS = 8;

  static final int SECTOR = GEOMETRY.sectorSize();

  private static final byte[] BLANK_LOCKSPACE = LockspaceLayout.blank(GEOMETRY, LOCKSPACE, 1);
  private static final byte[] BLANK_RESOURCE = blankResource();

  private final List<List<Version>> sectors = new ArrayList<>();

  // Large reads share arrays, for the reader has decoded them before the next read.
  private final byte[] lockspace;
  private final byte[] resource;

  private static final class Version {
    private final long from;
    private final byte[] bytes;

    private Version(long from, byte[] bytes) {
      this.from = from;
      this.bytes = bytes;
    }
  }

  /**
   * Areas of earlier storage can be used again: nothing but the first sectors differs.
   *
   * @param scratch two whole areas
   */
  SharedStorage(Scratch scratch) {
    this.lockspace = scratch.lockspace;
    this.resource = scratch.resource;
    for (int index = 0; index < 2 * SECTORS; index++) {
      byte[] blank = index < SECTORS ? BLANK_LOCKSPACE : BLANK_RESOURCE;
      int start = index % SECTORS * SECTOR;
      List<Version> versions = new ArrayList<>();
      versions.add(new Version(0, Arrays.copyOfRange(blank, start, start + SECTOR)));
      sectors.add(versions);
    }
  }

  /** Whole areas to read into. */
  static final class Scratch {
    private final byte[] lockspace = BLANK_LOCKSPACE.clone();
    private final byte[] resource = BLANK_RESOURCE.clone();
  }

  /** With few hosts, so that reads are short. */
  private static byte[] blankResource() {
    byte[] area = ResourceLayout.blank(GEOMETRY, LOCKSPACE, RESOURCE);
    ByteBuffer leader = ByteBuffer.wrap(area).order(ByteOrder.LITTLE_ENDIAN);
    leader.putLong(16, SECTORS - 2);
    CRC32C usual = new CRC32C();
    usual.update(area, 0, 168);
    leader.putInt(168, ~(int) usual.getValue() ^ 0xDAECE73E);
    return area;
  }

  void write(long now, long offset, byte[] sector) {
    sectors.get(index(offset)).add(new Version(now, sector));
  }

  /**
   * Reads sectors.
   *
   * @param moment of each sector, when it is seen
   */
  byte[] read(long offset, int length, LongSupplier moment) {
    boolean large = length > SECTORS * SECTOR;
    boolean ofLockspace = offset < RESOURCE_OFFSET;
    byte[] bytes = large ? ofLockspace ? lockspace : resource : new byte[length];
    int first = index(offset);
    int end = Math.min(first + length / SECTOR, ofLockspace ? SECTORS : 2 * SECTORS);
    for (int index = first; index < end; index++) {
      byte[] sector = at(index, moment.getAsLong());
      System.arraycopy(sector, 0, bytes, (index - first) * SECTOR, SECTOR);
    }
    return bytes;
  }

  /** For people. */
  static String describe(long offset, byte[] sector) {
    try {
      if (offset == RESOURCE_OFFSET) {
        LeaderRecord leader = LeaderRecord.decode(sector, 0);
        return "leader: version %d, owner %s, writer %s%s"
            .formatted(
                leader.leaseVersion(),
                leader.owner(),
                leader.writer(),
                leader.isShortHold() ? ", short hold" : "");
      }
      int number = index(offset) % SECTORS;
      return offset < RESOURCE_OFFSET
          ? "host " + (number + 1) + ": " + LeaderRecord.decode(sector, 0).owner()
          : "block " + (number - 1) + ": " + BallotBlock.decode(sector, 0);
    } catch (LeaseFormatException unknown) {
      return unknown.toString();
    }
  }

  private byte[] at(int index, long moment) {
    List<Version> versions = sectors.get(index);
    int found = versions.size() - 1;
    while (versions.get(found).from > moment) {
      found--;
    }
    return versions.get(found).bytes;
  }

  private static int index(long offset) {
    int area = offset < RESOURCE_OFFSET ? 0 : 1;
    int sector = (int) (offset - (long) area * RESOURCE_OFFSET) / SECTOR;
    if (sector >= SECTORS) {
      throw new IllegalArgumentException("nobody uses offset " + offset);
    }
    return area * SECTORS + sector;
  }
}
