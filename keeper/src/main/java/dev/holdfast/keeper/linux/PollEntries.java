package dev.holdfast.keeper.linux;

import com.sun.jna.Memory;

/** Layout of {@code struct pollfd} of poll(2): int fd, short events, short revents. */
final class PollEntries {
  static final int ENTRY_BYTES = 8;

  private static final short POLLIN = 1;
  private static final short POLLNVAL = 0x20;

  private PollEntries() {}

  static void put(Memory entries, int index, int descriptor) {
    long offset = (long) index * ENTRY_BYTES;
    entries.setInt(offset, descriptor);
    entries.setShort(offset + 4, POLLIN);
    entries.setShort(offset + 6, (short) 0);
  }

  static int descriptor(Memory entries, int index) {
    return entries.getInt((long) index * ENTRY_BYTES);
  }

  static boolean isReady(Memory entries, int index) {
    return entries.getShort((long) index * ENTRY_BYTES + 6) != 0;
  }

  static boolean isInvalid(Memory entries, int index) {
    return (entries.getShort((long) index * ENTRY_BYTES + 6) & POLLNVAL) != 0;
  }
}
