package dev.holdfast.keeper.sanlock.format;

/** Where things are in the area of a lockspace: a sector for each host id, from the first on. */
public final class LockspaceLayout {
  private LockspaceLayout() {}

  /**
   * Where a host's sector begins, in bytes from the beginning of the area.
   *
   * @throws IllegalArgumentException for a host id that such an area has no sector for
   */
  public static int hostOffset(Geometry geometry, int hostId) {
    geometry.checkHostId(hostId);
    return (hostId - 1) * geometry.sectorSize();
  }

  /**
   * A whole area in which no host id was ever used.
   *
   * @param ioTimeoutSeconds how long the first user of each host id waits, halved
   */
  public static byte[] blank(Geometry geometry, String lockspace, int ioTimeoutSeconds) {
    byte[] area = new byte[geometry.areaBytes()];
    LeaderRecord unused = LeaderRecord.unusedHost(geometry, lockspace, ioTimeoutSeconds);
    for (int hostId = 1; hostId <= geometry.mostHosts(); hostId++) {
      unused.write(area, hostOffset(geometry, hostId));
    }
    return area;
  }
}
