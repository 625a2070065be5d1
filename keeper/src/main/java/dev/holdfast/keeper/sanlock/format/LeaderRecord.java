package dev.holdfast.keeper.sanlock.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The record at the beginning of every host's sector of a lockspace and of a resource's first
 * sector.
 *
 * @param version of the format; what counts are its upper 16 bits
 * @param flags the size of the area, and {@link #SHORT_HOLD}
 * @param hosts of a resource: how many ballot blocks are in use; 0 in a lockspace
 * @param mostHosts of a resource: the distance between the ballots of one host; 1 in a lockspace
 * @param owner who has the lease; with timestamp 0 who had it last, or nobody yet
 * @param leaseVersion how often the resource was acquired; 0 in a lockspace
 * @param name of the resource, or of the host that uses this host id
 * @param ioTimeoutSeconds of a lockspace: the owner's; all the others' waiting follows from it; 0
 *     in a resource
 * @param settledGeneration of a lockspace: the life of the host id that has found its first write
 *     undisturbed and was renewed; a host wrote it that knew itself to be the only owner.
 *     Holdfast's own, in bytes that sanlock leaves as they are; 0 where there was none, and in a
 *     resource
 * @param writer of a resource: who wrote this record; not the owner, where a host has found a vote
 *     for another. In a lockspace: the host's event (host, its generation, the event's bits)
 */
public record LeaderRecord(
    Kind kind,
    int version,
    int flags,
    int sectorSize,
    long hosts,
    long mostHosts,
    HostStamp owner,
    long leaseVersion,
    String lockspace,
    String name,
    int ioTimeoutSeconds,
    long settledGeneration,
    HostStamp writer) {
  /** Set while a shared lease is being acquired: the record will be free again very soon. */
  public static final int SHORT_HOLD = 0x1;

  /** What the io_timeout is where a record has none. */
  public static final int DEFAULT_IO_TIMEOUT_SECONDS = 10;

  /** Bytes of the sector that a record may use. */
  static final int BYTES = 256;

  private static final int OWNER_OFFSET = 32;
  private static final int TIMESTAMP_OFFSET = 152;
  private static final int SETTLED_OFFSET = 160;
  private static final int CHECKSUM_OFFSET = LeaseChecksum.LEADER_BYTES;

  /** What a leader record belongs to. */
  public enum Kind {
    /** A host id of a lockspace. */
    HOST(0x12212010, 0x00030004),
    RESOURCE(0x06152010, 0x00060004),
    /** What was a resource and is unused now. */
    CLEARED(0x11282016, 0x00060004);

    private final int magic;
    private final int version;

    Kind(int magic, int version) {
      this.magic = magic;
      this.version = version;
    }
  }

  /** A record for a host id that was never used. */
  public static LeaderRecord unusedHost(Geometry geometry, String lockspace, int ioTimeoutSeconds) {
    return new LeaderRecord(
        Kind.HOST,
        Kind.HOST.version,
        geometry.alignFlag(),
        geometry.sectorSize(),
        0,
        1,
        HostStamp.NONE,
        0,
        LeaseName.check(lockspace),
        "",
        ioTimeoutSeconds,
        0,
        HostStamp.NONE);
  }

  /** A record for a resource that was never acquired, with ballot blocks for all host ids. */
  public static LeaderRecord unusedResource(Geometry geometry, String lockspace, String resource) {
    return new LeaderRecord(
        Kind.RESOURCE,
        Kind.RESOURCE.version,
        geometry.alignFlag(),
        geometry.sectorSize(),
        geometry.mostHosts(),
        geometry.mostHosts(),
        HostStamp.NONE,
        0,
        LeaseName.check(lockspace),
        LeaseName.check(resource),
        0,
        0,
        HostStamp.NONE);
  }

  /**
   * Whether a sector begins with the magic of any leader record; says nothing of what follows it.
   */
  public static boolean isAt(byte[] bytes, int offset) {
    int magic = littleEndian(bytes).getInt(offset);
    return Arrays.stream(Kind.values()).anyMatch(kind -> kind.magic == magic);
  }

  /** Whether a host's record in a lockspace was never used; looks at its owner only. */
  public static boolean isUnused(byte[] bytes, int offset) {
    ByteBuffer in = littleEndian(bytes);
    return in.getLong(offset + OWNER_OFFSET) == 0 && in.getLong(offset + TIMESTAMP_OFFSET) == 0;
  }

  /**
   * Reads what is at an offset.
   *
   * @throws LeaseFormatException where there is no leader record of a version that we know, or its
   *     checksum is wrong (that of a cleared one is not looked at)
   */
  public static LeaderRecord decode(byte[] bytes, int offset) throws LeaseFormatException {
    ByteBuffer in = littleEndian(bytes).slice(offset, BYTES).order(ByteOrder.LITTLE_ENDIAN);
    Kind kind = kind(in.getInt(0));
    int version = in.getInt(4);
    if (version >>> 16 != kind.version >>> 16) {
      throw new LeaseFormatException(
          "a leader record of version 0x%x, but only 0x%x is known"
              .formatted(version, kind.version));
    }
    int checksum = in.getInt(CHECKSUM_OFFSET);
    int expected = LeaseChecksum.ofLeader(bytes, offset);
    if (kind != Kind.CLEARED && checksum != expected) {
      throw new LeaseFormatException(
          "a leader record is damaged: its checksum is 0x%x, that of its bytes 0x%x"
              .formatted(checksum, expected));
    }
    return new LeaderRecord(
        kind,
        version,
        in.getInt(8),
        in.getInt(12),
        in.getLong(16),
        in.getLong(24),
        new HostStamp(in.getLong(OWNER_OFFSET), in.getLong(40), in.getLong(TIMESTAMP_OFFSET)),
        in.getLong(48),
        LeaseName.read(in, 56),
        LeaseName.read(in, 104),
        // Only the low eight bits are the timeout.
        in.getShort(174) & 0xff,
        in.getLong(SETTLED_OFFSET),
        new HostStamp(in.getLong(176), in.getLong(184), in.getLong(192)));
  }

  private static Kind kind(int magic) throws LeaseFormatException {
    for (Kind kind : Kind.values()) {
      if (kind.magic == magic) {
        return kind;
      }
    }
    throw new LeaseFormatException("no leader record, but magic 0x%08x".formatted(magic));
  }

  /** A whole sector of the record's size that begins with this record. */
  public byte[] sector() {
    byte[] sector = new byte[sectorSize];
    write(sector, 0);
    return sector;
  }

  /**
   * A whole sector of a lockspace: this record and the hosts that its owner wants to be heard by.
   */
  public byte[] sector(HostBitmap bitmap) {
    byte[] sector = sector();
    bitmap.write(sector, BYTES);
    return sector;
  }

  void write(byte[] bytes, int offset) {
    ByteBuffer out = littleEndian(bytes).slice(offset, BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(0, kind.magic);
    out.putInt(4, version);
    out.putInt(8, flags);
    out.putInt(12, sectorSize);
    out.putLong(16, hosts);
    out.putLong(24, mostHosts);
    out.putLong(OWNER_OFFSET, owner.hostId());
    out.putLong(40, owner.generation());
    out.putLong(48, leaseVersion);
    LeaseName.write(out, 56, lockspace);
    LeaseName.write(out, 104, name);
    out.putLong(TIMESTAMP_OFFSET, owner.timestamp());
    out.putLong(SETTLED_OFFSET, settledGeneration);
    out.putInt(CHECKSUM_OFFSET, LeaseChecksum.ofLeader(bytes, offset));
    out.putShort(172, (short) 0);
    out.putShort(174, (short) ioTimeoutSeconds);
    out.putLong(176, writer.hostId());
    out.putLong(184, writer.generation());
    out.putLong(192, writer.timestamp());
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  public boolean isFree() {
    return owner.timestamp() == 0;
  }

  public boolean isShortHold() {
    return (flags & SHORT_HOLD) != 0;
  }

  /**
   * The sizes of the area that the record is in.
   *
   * @throws LeaseFormatException for sizes that do not exist together
   */
  public Geometry geometry() throws LeaseFormatException {
    return Geometry.of(sectorSize, flags);
  }

  /** Whether the host id's owner is known to have been alone with it when this was written. */
  public boolean isSettled() {
    return settledGeneration != 0 && settledGeneration == owner.generation();
  }

  /** The first record of a life of a host id: who uses it, since when and with which timeout. */
  public LeaderRecord usedBy(HostStamp newOwner, String hostName, int newIoTimeoutSeconds) {
    return new LeaderRecord(
        kind,
        version,
        flags,
        sectorSize,
        hosts,
        mostHosts,
        newOwner,
        leaseVersion,
        lockspace,
        LeaseName.check(hostName),
        newIoTimeoutSeconds,
        0,
        HostStamp.NONE);
  }

  /**
   * The same life of a host id, renewed.
   *
   * @param settled whether its owner knows that it is alone
   */
  public LeaderRecord renewed(long timestamp, boolean settled) {
    long generation = settled ? owner.generation() : settledGeneration;
    return with(kind, flags, owner.at(timestamp), leaseVersion, generation, writer);
  }

  /**
   * The same host id, released.
   *
   * @param settled whether its owner may still be known to have been alone
   */
  public LeaderRecord released(boolean settled) {
    return with(kind, flags, owner.at(0), leaseVersion, settled ? settledGeneration : 0, writer);
  }

  /** The next record of a resource. */
  public LeaderRecord committed(
      long version, HostStamp newOwner, boolean shortHold, HostStamp newWriter) {
    int newFlags = shortHold ? flags | SHORT_HOLD : flags & ~SHORT_HOLD;
    return with(kind, newFlags, newOwner, version, settledGeneration, newWriter);
  }

  /** The same version of a resource, but owned by nobody any more. */
  public LeaderRecord freed(HostStamp newWriter) {
    return committed(leaseVersion, owner.at(0), false, newWriter);
  }

  /** What is there no more; the name stays readable. */
  public LeaderRecord cleared() {
    return with(Kind.CLEARED, flags, owner, leaseVersion, settledGeneration, writer);
  }

  private LeaderRecord with(
      Kind newKind,
      int newFlags,
      HostStamp newOwner,
      long newLeaseVersion,
      long newSettledGeneration,
      HostStamp newWriter) {
    return new LeaderRecord(
        newKind,
        version,
        newFlags,
        sectorSize,
        hosts,
        mostHosts,
        newOwner,
        newLeaseVersion,
        lockspace,
        name,
        ioTimeoutSeconds,
        newSettledGeneration,
        newWriter);
  }
}
