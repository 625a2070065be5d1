package dev.holdfast.keeper.sanlock.format;

/**
 * Where things are in the area of a resource: leader record, request record, a sector for the
 * ballot block of each host.
 */
public final class ResourceLayout {
  public static final int LEADER_OFFSET = 0;

  private static final int SECTORS_BEFORE_BALLOTS = 2;

  private ResourceLayout() {}

  public static int requestOffset(Geometry geometry) {
    return geometry.sectorSize();
  }

  /**
   * Where a host's ballot block begins, in bytes from the beginning of the area.
   *
   * @throws IllegalArgumentException for a host id that such an area has no sector for
   */
  public static int ballotOffset(Geometry geometry, int hostId) {
    geometry.checkHostId(hostId);
    return (SECTORS_BEFORE_BALLOTS - 1 + hostId) * geometry.sectorSize();
  }

  /** Bytes from the beginning of the area that hold all that is used, a power of two of sectors. */
  public static int usedBytes(Geometry geometry, long hosts) {
    int sectors = SECTORS_BEFORE_BALLOTS + (int) Math.min(hosts, geometry.mostHosts());
    int rounded = Integer.highestOneBit(sectors - 1) << 1;
    return Math.min(geometry.areaBytes(), rounded * geometry.sectorSize());
  }

  /** A whole area of a resource that was never acquired. */
  public static byte[] blank(Geometry geometry, String lockspace, String resource) {
    byte[] area = new byte[geometry.areaBytes()];
    LeaderRecord.unusedResource(geometry, lockspace, resource).write(area, LEADER_OFFSET);
    byte[] request = RequestRecord.NONE.sector(geometry.sectorSize());
    System.arraycopy(request, 0, area, requestOffset(geometry), request.length);
    return area;
  }
}
