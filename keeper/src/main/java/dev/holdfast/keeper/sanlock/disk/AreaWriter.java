package dev.holdfast.keeper.sanlock.disk;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;

/** Writes new areas, for which no order of sectors is given. */
public final class AreaWriter {
  private AreaWriter() {}

  /**
   * Writes a whole area, its first sector last: as long as that one has no magic, nobody takes a
   * half-written area for a lockspace or resource.
   *
   * @param offset bytes from the beginning of the storage
   * @param timeout of each of the two writes
   */
  public static void write(
      LeaseDisk disk, long offset, byte[] area, int sectorSize, Duration timeout)
      throws IOException {
    byte[] unmarked = area.clone();
    Arrays.fill(unmarked, 0, sectorSize, (byte) 0);
    disk.write(offset, unmarked, timeout);
    disk.write(offset, Arrays.copyOf(area, sectorSize), timeout);
  }
}
