package dev.holdfast.standalone.schema.cel;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/**
 * A network, parsed as strictly as Go's netip: no names, zones or leading zeros.
 *
 * @param address as given, with its host bits
 * @param prefixLength 0 to 32, or to 128
 */
public record Cidr(InetAddress address, int prefixLength) {
  /** Empty where the text is not an address with a prefix length. */
  public static Optional<Cidr> find(String text) {
    int slash = text.indexOf('/');
    if (slash < 0 || !text.substring(slash + 1).matches("0|[1-9][0-9]{0,2}")) {
      return Optional.empty();
    }
    int prefixLength = Integer.parseInt(text.substring(slash + 1));
    return findAddress(text.substring(0, slash))
        .filter(address -> prefixLength <= address.getAddress().length * 8)
        .map(address -> new Cidr(address, prefixLength));
  }

  static Cidr parse(String text) {
    return find(text)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "network address \"" + text + "\" parse error during conversion from string"));
  }

  /** Empty where the text is not an address. */
  public static Optional<InetAddress> findAddress(String text) {
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

  /** With the host bits cleared. */
  Cidr masked() {
    byte[] bytes = address.getAddress();
    for (int bit = prefixLength; bit < bytes.length * 8; bit++) {
      bytes[bit / 8] &= (byte) ~(0x80 >> (bit % 8));
    }
    try {
      return new Cidr(InetAddress.getByAddress(bytes), prefixLength);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("an address has 4 or 16 bytes, not " + bytes.length, e);
    }
  }
}
