package dev.holdfast.system.failover;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What {@link LoggingGuest} has written on its disk, as it must be if there was one writer at any
 * time: one run of records after the other, each from its first record on without a gap, and no run
 * goes on after another has begun.
 *
 * @param runs in the order of the disk
 */
record WriterLog(List<Run> runs) {
  /** The records of one start of the guest. */
  record Run(int nonce, int records) {}

  /**
   * @throws IllegalStateException if the log shows two writers at a time
   */
  static WriterLog read(Path image) throws IOException {
    List<Run> runs = new ArrayList<>();
    Set<Integer> ended = new HashSet<>();
    try (FileChannel channel = FileChannel.open(image, StandardOpenOption.READ)) {
      ByteBuffer record =
          ByteBuffer.allocate(LoggingGuest.SECTOR_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      for (int sector = LoggingGuest.FIRST_SECTOR; read(channel, record, sector); sector++) {
        int nonce = record.getInt(4);
        int number = record.getInt(8);
        Run last = runs.isEmpty() ? null : runs.getLast();
        if (last != null && last.nonce() == nonce && last.records() == number) {
          runs.set(runs.size() - 1, new Run(nonce, number + 1));
        } else if (number == 0
            && !ended.contains(nonce)
            && (last == null || last.nonce() != nonce)) {
          if (last != null) {
            ended.add(last.nonce());
          }
          runs.add(new Run(nonce, 1));
        } else {
          throw new IllegalStateException(
              "sector %d has record %d of run %x, after %s: two writers at a time"
                  .formatted(sector, number, nonce, last));
        }
      }
    }
    return new WriterLog(List.copyOf(runs));
  }

  private static boolean read(FileChannel channel, ByteBuffer record, int sector)
      throws IOException {
    record.clear();
    int count = channel.read(record, (long) sector * LoggingGuest.SECTOR_BYTES);
    return count == LoggingGuest.SECTOR_BYTES && record.getInt(0) == LoggingGuest.MARK;
  }

  int records() {
    return runs.stream().mapToInt(Run::records).sum();
  }
}
