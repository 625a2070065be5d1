package dev.holdfast.keeper.sanlock.lockspace;

import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.format.HostStamp;
import dev.holdfast.keeper.sanlock.format.LeaderRecord;
import dev.holdfast.keeper.sanlock.format.LeaseFormatException;
import dev.holdfast.keeper.sanlock.format.LockspaceLayout;
import java.io.IOException;
import java.time.Duration;

/** The sector of our host id in a lockspace. */
final class OwnSector {
  private final LeaseDisk disk;
  private final LockspaceSettings settings;
  private final long offset;

  OwnSector(LeaseDisk disk, LockspaceSettings settings) {
    this.disk = disk;
    this.settings = settings;
    this.offset =
        settings.offset() + LockspaceLayout.hostOffset(settings.geometry(), settings.hostId());
  }

  byte[] read() throws IOException {
    return disk.read(offset, settings.geometry().sectorSize(), settings.times().ioTimeout());
  }

  void write(byte[] sector, Duration timeout) throws IOException {
    disk.write(offset, sector, timeout);
  }

  LeaderRecord verified(byte[] sector) throws LeaseFormatException {
    return settings.verified(LeaderRecord.decode(sector, 0));
  }

  /** Seconds for the record, which are never 0 and always others than before. */
  static long timestamp(Duration now, HostStamp before) {
    return Math.max(now.toSeconds(), before.timestamp() + 1);
  }
}
