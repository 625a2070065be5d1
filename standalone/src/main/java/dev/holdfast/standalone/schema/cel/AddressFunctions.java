package dev.holdfast.standalone.schema.cel;

import static dev.holdfast.standalone.schema.cel.KubernetesCel.string;

import dev.cel.common.types.OpaqueType;
import dev.cel.common.types.SimpleType;
import dev.holdfast.standalone.schema.cel.Addresses.Cidr;
import java.net.InetAddress;

/** After library/ip.go and library/cidr.go of apiserver. */
final class AddressFunctions {
  private static final Functions.Type<InetAddress> IP =
      new Functions.Type<>(OpaqueType.create("net.IP"), InetAddress.class);
  private static final Functions.Type<Cidr> CIDR =
      new Functions.Type<>(OpaqueType.create("net.CIDR"), Cidr.class);

  private AddressFunctions() {}

  static void addTo(Functions functions) {
    addAddresses(functions);
    addNetworks(functions);
  }

  private static void addAddresses(Functions functions) {
    functions.global("ip", "string_to_ip", IP.type(), string(), AddressFunctions::address);
    functions.global(
        "isIP", "is_ip", SimpleType.BOOL, string(), text -> Addresses.parse(text).isPresent());
    functions.global(
        "ip.isCanonical",
        "ip_is_canonical",
        SimpleType.BOOL,
        string(),
        text -> Addresses.text(address(text)).equals(text));
    functions.member(
        "family", "ip_family", SimpleType.INT, IP, ip -> ip.getAddress().length == 4 ? 4L : 6L);
    functions.member(
        "isUnspecified", "ip_is_unspecified", SimpleType.BOOL, IP, InetAddress::isAnyLocalAddress);
    functions.member(
        "isLoopback", "ip_is_loopback", SimpleType.BOOL, IP, InetAddress::isLoopbackAddress);
    functions.member(
        "isLinkLocalMulticast",
        "ip_is_link_local_multicast",
        SimpleType.BOOL,
        IP,
        InetAddress::isMCLinkLocal);
    functions.member(
        "isLinkLocalUnicast",
        "ip_is_link_local_unicast",
        SimpleType.BOOL,
        IP,
        InetAddress::isLinkLocalAddress);
    functions.member(
        "isGlobalUnicast",
        "ip_is_global_unicast",
        SimpleType.BOOL,
        IP,
        AddressFunctions::isGlobalUnicast);
    functions.global("string", "ip_to_string", SimpleType.STRING, IP, Addresses::text);
  }

  private static void addNetworks(Functions functions) {
    functions.global("cidr", "string_to_cidr", CIDR.type(), string(), AddressFunctions::network);
    functions.global(
        "isCIDR",
        "is_cidr",
        SimpleType.BOOL,
        string(),
        text -> Addresses.parseCidr(text).isPresent());
    functions.member(
        "containsIP",
        "cidr_contains_ip_string",
        SimpleType.BOOL,
        CIDR,
        string(),
        (cidr, text) -> cidr.contains(address(text)));
    functions.member(
        "containsIP", "cidr_contains_ip_ip", SimpleType.BOOL, CIDR, IP, Cidr::contains);
    functions.member(
        "containsCIDR",
        "cidr_contains_cidr_string",
        SimpleType.BOOL,
        CIDR,
        string(),
        (cidr, text) -> cidr.contains(network(text)));
    functions.member(
        "containsCIDR", "cidr_contains_cidr", SimpleType.BOOL, CIDR, CIDR, Cidr::contains);
    functions.member("ip", "cidr_ip", IP.type(), CIDR, Cidr::address);
    functions.member(
        "prefixLength",
        "cidr_prefix_length",
        SimpleType.INT,
        CIDR,
        cidr -> (long) cidr.prefixLength());
    functions.member("masked", "cidr_masked", CIDR.type(), CIDR, Cidr::masked);
    functions.global("string", "cidr_to_string", SimpleType.STRING, CIDR, Cidr::toString);
  }

  /** RFC 1122, 4632 and 4291: all that is not special; private addresses are global here. */
  private static boolean isGlobalUnicast(InetAddress address) {
    boolean broadcast =
        address.getAddress().length == 4 && address.getHostAddress().equals("255.255.255.255");
    return !broadcast
        && !address.isAnyLocalAddress()
        && !address.isLoopbackAddress()
        && !address.isMulticastAddress()
        && !address.isLinkLocalAddress();
  }

  private static InetAddress address(String text) {
    return Addresses.parse(text)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "IP Address \"" + text + "\" parse error during conversion from string"));
  }

  private static Cidr network(String text) {
    return Addresses.parseCidr(text)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "network address \"" + text + "\" parse error during conversion from string"));
  }
}
