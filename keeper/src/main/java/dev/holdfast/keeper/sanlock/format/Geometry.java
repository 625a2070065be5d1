package dev.holdfast.keeper.sanlock.format;

/**
 * The sizes of an area.
 *
 * @param sectorSize bytes that storage writes as a whole, 512 or 4096; records of different hosts
 *     never share a sector
 * @param alignMebibytes size of an area, and what its offset is a multiple of: 1 with sectors of
 *     512 bytes; 1, 2, 4 or 8 with sectors of 4096
 */
public record Geometry(int sectorSize, int alignMebibytes) {
  /** What sanlock takes for regular files when nothing is chosen. */
  public static final Geometry DEFAULT = new Geometry(512, 1);

  private static final int MEBIBYTE = 1024 * 1024;
  private static final int MOST_HOSTS = 2000;

  /** Of a leader record's flags: one bit for each size of an area, 0x10 for 1 MiB. */
  private static final int ALIGN_FLAGS = 0xf0;

  private static final int ALIGN_FLAG_SHIFT = 4;

  /**
   * @throws IllegalArgumentException for sizes that do not exist together
   */
  public Geometry {
    boolean small = sectorSize == 512 && alignMebibytes == 1;
    boolean large =
        sectorSize == 4096
            && alignMebibytes >= 1
            && alignMebibytes <= 8
            && Integer.bitCount(alignMebibytes) == 1;
    if (!small && !large) {
      throw new IllegalArgumentException(
          "sectors of %d bytes in areas of %d MiB: possible are 512 in 1, and 4096 in 1, 2, 4 or 8"
              .formatted(sectorSize, alignMebibytes));
    }
  }

  /**
   * What a leader record says of its area. Records of old versions have no flag of their size.
   *
   * @throws LeaseFormatException for sizes that do not exist together
   */
  public static Geometry of(int sectorSize, int leaderFlags) throws LeaseFormatException {
    int align = (leaderFlags & ALIGN_FLAGS) >> ALIGN_FLAG_SHIFT;
    if (align == 0) {
      align = sectorSize == 512 ? 1 : 8;
    }
    try {
      return new Geometry(sectorSize, align);
    } catch (IllegalArgumentException impossible) {
      throw new LeaseFormatException("a leader record tells of " + impossible.getMessage());
    }
  }

  /** The bit of a leader record's flags that tells the size of its area. */
  int alignFlag() {
    return alignMebibytes << ALIGN_FLAG_SHIFT;
  }

  /** The largest host id, 250 to 2000. */
  public int mostHosts() {
    return Math.min(MOST_HOSTS, alignMebibytes * 250 * (sectorSize == 512 ? 8 : 1));
  }

  /** Bytes of an area. */
  public int areaBytes() {
    return alignMebibytes * MEBIBYTE;
  }

  /**
   * @throws IllegalArgumentException for a host id that has no record in such an area
   */
  void checkHostId(int hostId) {
    if (hostId < 1 || hostId > mostHosts()) {
      throw new IllegalArgumentException(
          "host id " + hostId + " is not within 1 and " + mostHosts());
    }
  }
}
