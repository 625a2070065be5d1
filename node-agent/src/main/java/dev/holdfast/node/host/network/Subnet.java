package dev.holdfast.node.host.network;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A range of IPv4 addresses.
 *
 * @param network its first address as a number from 0 to 2^32 - 1
 * @param prefixLength 0 to 32
 */
record Subnet(long network, int prefixLength) {
  private static final Pattern ADDRESS =
      Pattern.compile("(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})\\.(\\d{1,3})");
  private static final long ALL = 0xffff_ffffL;

  /**
   * Reads {@code a.b.c.d/n}, where the address may be any of the subnet, or {@code a.b.c.d}.
   *
   * @throws IllegalArgumentException when it is neither
   */
  static Subnet parse(String text) {
    int slash = text.indexOf('/');
    int length = slash < 0 ? 32 : Integer.parseInt(text.substring(slash + 1));
    if (length < 0 || length > 32) {
      throw new IllegalArgumentException("no IPv4 subnet: " + text);
    }
    long address = address(slash < 0 ? text : text.substring(0, slash));
    return new Subnet(address & mask(length), length);
  }

  /**
   * The number of an address.
   *
   * @throws IllegalArgumentException when the text is none
   */
  static long address(String text) {
    Matcher matcher = ADDRESS.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("no IPv4 address: " + text);
    }
    long result = 0;
    for (int i = 1; i <= 4; i++) {
      int part = Integer.parseInt(matcher.group(i));
      if (part > 255) {
        throw new IllegalArgumentException("no IPv4 address: " + text);
      }
      result = (result << 8) | part;
    }
    return result;
  }

  boolean contains(String address) {
    return (address(address) & mask(prefixLength)) == network;
  }

  boolean overlaps(Subnet other) {
    long shorter = mask(Math.min(prefixLength, other.prefixLength));
    return (network & shorter) == (other.network & shorter);
  }

  String networkAddress() {
    return text(network);
  }

  String netmask() {
    return text(mask(prefixLength));
  }

  private static long mask(int length) {
    return length == 0 ? 0 : (ALL << (32 - length)) & ALL;
  }

  private static String text(long address) {
    return (address >> 24)
        + "."
        + ((address >> 16) & 255)
        + "."
        + ((address >> 8) & 255)
        + "."
        + (address & 255);
  }

  @Override
  public String toString() {
    return networkAddress() + "/" + prefixLength;
  }
}
