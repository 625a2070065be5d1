package dev.holdfast.keeper.sanlock.model;

import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import java.io.IOException;
import java.time.Duration;

/** Storage that shows something else than there is. */
abstract class LeaseDiskFilter implements LeaseDisk {
  private final LeaseDisk disk;

  LeaseDiskFilter(LeaseDisk disk) {
    this.disk = disk;
  }

  abstract byte[] shown(long offset, byte[] bytes) throws IOException;

  @Override
  public final byte[] read(long offset, int length, Duration timeout) throws IOException {
    return shown(offset, disk.read(offset, length, timeout));
  }

  @Override
  public final void write(long offset, byte[] sector, Duration timeout) throws IOException {
    disk.write(offset, sector, timeout);
  }
}
