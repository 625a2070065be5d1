package dev.holdfast.benchmarks.lease;

import dev.holdfast.keeper.linux.DirectFile;
import dev.holdfast.keeper.sanlock.disk.LeaseDisk;
import dev.holdfast.keeper.sanlock.disk.Ticks;
import java.io.IOException;
import java.time.Duration;

/** Storage without timeouts that counts what goes through it. One thread. */
final class CountingDisk implements LeaseDisk {
  static final Ticks TICKS =
      new Ticks() {
        @Override
        public Duration now() {
          return Duration.ofNanos(System.nanoTime());
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
          Thread.sleep(duration);
        }
      };

  private final DirectFile file;
  private long bytes;

  CountingDisk(DirectFile file) {
    this.file = file;
  }

  long bytes() {
    return bytes;
  }

  @Override
  public byte[] read(long offset, int length, Duration timeout) throws IOException {
    bytes += length;
    return file.read(offset, length);
  }

  @Override
  public void write(long offset, byte[] sectors, Duration timeout) throws IOException {
    bytes += sectors.length;
    file.write(offset, sectors);
  }
}
