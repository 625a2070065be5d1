package dev.holdfast.operator.network;

import java.util.Optional;
import java.util.Set;

/**
 * An IPv4 subnet of a VirtualNetwork, whose manifest already guarantees its form. The first address
 * is the node's, the last one is the broadcast address, the rest is for guests.
 *
 * @param network network address as an unsigned 32 bit number
 * @param prefixLength 16 to 29
 */
public record Ipv4Subnet(long network, int prefixLength) {
  /**
   * Reads CIDR notation.
   *
   * @param cidr such as 10.77.0.0/24
   * @throws IllegalArgumentException if it is not an IPv4 subnet
   */
  public static Ipv4Subnet parse(String cidr) {
    int slash = cidr.indexOf('/');
    if (slash < 0) {
      throw new IllegalArgumentException(cidr + " is not an IPv4 subnet such as 10.77.0.0/24");
    }
    long address = 0;
    String[] octets = cidr.substring(0, slash).split("\\.", -1);
    if (octets.length != 4) {
      throw new IllegalArgumentException(cidr + " is not an IPv4 subnet such as 10.77.0.0/24");
    }
    for (String octet : octets) {
      address = address << 8 | Integer.parseInt(octet);
    }
    return new Ipv4Subnet(address, Integer.parseInt(cidr.substring(slash + 1)));
  }

  public boolean overlaps(Ipv4Subnet other) {
    return network <= other.last() && other.network <= last();
  }

  /** The address that the node has in the subnet. */
  public String gateway() {
    return format(network + 1);
  }

  /** Number of addresses for guests. */
  public int guests() {
    return (int) (size() - 3);
  }

  /**
   * The first address for a guest that is not taken, counted from a place that the seed decides, so
   * that the same machine gets the same address again unless another one has it by now.
   *
   * @param seed not negative
   */
  public Optional<String> allocate(int seed, Set<String> taken) {
    int guests = guests();
    for (int probe = 0; probe < guests; probe++) {
      String address = format(network + 2 + (seed % guests + probe) % guests);
      if (!taken.contains(address)) {
        return Optional.of(address);
      }
    }
    return Optional.empty();
  }

  private long size() {
    return 1L << (32 - prefixLength);
  }

  private long last() {
    return network + size() - 1;
  }

  private static String format(long address) {
    return "%d.%d.%d.%d"
        .formatted(address >> 24 & 0xff, address >> 16 & 0xff, address >> 8 & 0xff, address & 0xff);
  }
}
