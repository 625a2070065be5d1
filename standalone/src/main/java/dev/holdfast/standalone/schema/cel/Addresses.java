package dev.holdfast.standalone.schema.cel;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/**
 * IP addresses and networks, parsed as strictly as Go's netip: no names, zones or leading zeros.
 */
public final class Addresses {
  private Addresses() {}

  /**
   * A network.
   *
   * @param address as given, with its host bits
   * @param prefixLength 0 to 32, or to 128
   */
  public record Cidr(InetAddress address, int prefixLength) {

    /** The address with its host bits cleared. */
    public Cidr masked() {
      byte[] bytes = address.getAddress();
      for (int bit = prefixLength; bit < bytes.length * 8; bit++) {
        bytes[bit / 8] &= (byte) ~(0x80 >> (bit % 8));
      }
      return new Cidr(ofBytes(bytes), prefixLength);
    }

    public boolean contains(InetAddress other) {
      return other.getAddress().length == address.getAddress().length
          && new Cidr(other, prefixLength).masked().address().equals(masked().address());
    }

    public boolean contains(Cidr other) {
      return other.prefixLength >= prefixLength && contains(other.address);
    }

    @Override
    public String toString() {
      return text(address) + "/" + prefixLength;
    }
  }

  /** Empty where the text is not an address. */
  public static Optional<InetAddress> parse(String text) {
    boolean v6 = text.indexOf(':') >= 0;
    if (v6
        ? !text.matches("[0-9a-fA-F:.]+")
        : !text.matches("(0|[1-9][0-9]{0,2})(\\.(0|[1-9][0-9]{0,2})){3}")) {
      return Optional.empty();
    }
    try {
      InetAddress address = InetAddress.ofLiteral(text);
      // An IPv4 address in IPv6 clothes is neither to Kubernetes.
      return v6 == (address.getAddress().length == 16) ? Optional.of(address) : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Empty where the text is not an address with a prefix length. */
  public static Optional<Cidr> parseCidr(String text) {
    int slash = text.indexOf('/');
    if (slash < 0 || !text.substring(slash + 1).matches("0|[1-9][0-9]{0,2}")) {
      return Optional.empty();
    }
    int prefixLength = Integer.parseInt(text.substring(slash + 1));
    return parse(text.substring(0, slash))
        .filter(address -> prefixLength <= address.getAddress().length * 8)
        .map(address -> new Cidr(address, prefixLength));
  }

  /** The canonical text of RFC 5952. */
  public static String text(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (bytes.length == 4) {
      return address.getHostAddress();
    }
    int[] groups = new int[8];
    for (int i = 0; i < 8; i++) {
      groups[i] = (bytes[2 * i] & 0xff) << 8 | (bytes[2 * i + 1] & 0xff);
    }
    int start = -1;
    int length = 1;
    for (int i = 0; i < 8; i++) {
      int end = i;
      while (end < 8 && groups[end] == 0) {
        end++;
      }
      if (end - i > length) {
        start = i;
        length = end - i;
      }
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (i == start) {
        text.append("::");
        i += length - 1;
      } else {
        if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
          text.append(':');
        }
        text.append(Integer.toHexString(groups[i]));
      }
    }
    return text.toString();
  }

  private static InetAddress ofBytes(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("an address has 4 or 16 bytes, not " + bytes.length, e);
    }
  }
}
