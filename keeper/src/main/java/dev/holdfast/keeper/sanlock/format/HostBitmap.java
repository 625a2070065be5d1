package dev.holdfast.keeper.sanlock.format;

import java.util.Collection;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * The host ids that a host wants to be heard by, beside its record in a lockspace: "look at the
 * requests for what you hold". 2000 bits, the lowest bit of the first byte for host id 1.
 *
 * @param hosts host ids, 1 to 2000
 */
public record HostBitmap(NavigableSet<Integer> hosts) {
  public static final HostBitmap NONE = new HostBitmap(new TreeSet<>());

  private static final int BYTES = 250;

  public HostBitmap {
    hosts = new TreeSet<>(hosts);
    if (!hosts.isEmpty() && (hosts.first() < 1 || hosts.last() > BYTES * 8)) {
      throw new IllegalArgumentException("host ids are 1 to " + BYTES * 8 + ", not " + hosts);
    }
  }

  public static HostBitmap of(Collection<Integer> hosts) {
    return new HostBitmap(new TreeSet<>(hosts));
  }

  /**
   * Reads the bitmap of a host.
   *
   * @param sectorOffset where that host's sector begins
   */
  public static HostBitmap decode(byte[] bytes, int sectorOffset) {
    NavigableSet<Integer> hosts = new TreeSet<>();
    for (int index = 0; index < BYTES; index++) {
      int bits = bytes[sectorOffset + LeaderRecord.BYTES + index] & 0xff;
      for (; bits != 0; bits &= bits - 1) {
        hosts.add(index * 8 + Integer.numberOfTrailingZeros(bits) + 1);
      }
    }
    return new HostBitmap(hosts);
  }

  /** Whether a host's bitmap names another host, without reading all of it. */
  public static boolean names(byte[] bytes, int sectorOffset, int hostId) {
    int bits = bytes[sectorOffset + LeaderRecord.BYTES + (hostId - 1) / 8];
    return (bits & (1 << (hostId - 1) % 8)) != 0;
  }

  void write(byte[] bytes, int offset) {
    for (int hostId : hosts) {
      bytes[offset + (hostId - 1) / 8] |= (byte) (1 << (hostId - 1) % 8);
    }
  }
}
