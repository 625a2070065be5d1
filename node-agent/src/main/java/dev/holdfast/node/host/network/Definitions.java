package dev.holdfast.node.host.network;

import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.Reservation;
import dev.holdfast.node.plan.HostState.TapDefinition;
import java.util.regex.Pattern;

/**
 * What may be put into the input of ip, nft and dnsmasq. Everything is checked here once more,
 * because a line break or a quote in it would become a command of theirs.
 */
final class Definitions {
  private static final Pattern BRIDGE = Pattern.compile("hfb[0-9a-z]{1,12}");
  private static final Pattern TAP = Pattern.compile("hft[0-9a-z]{1,12}");
  private static final Pattern MACHINE = Pattern.compile("[0-9A-Za-z-]{1,64}");
  private static final Pattern MAC_ADDRESS = Pattern.compile("[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}");

  /** RFC 1123 section 2.1; empty where the card has no name. */
  private static final Pattern HOST_NAME =
      Pattern.compile("([0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?)?");

  private Definitions() {}

  static void check(BridgeDefinition bridge) throws HostException {
    require(BRIDGE, bridge.name(), "name of a bridge");
    try {
      Subnet subnet = Subnet.parse(bridge.subnet());
      if (!subnet.toString().equals(bridge.subnet()) || !subnet.contains(bridge.gateway())) {
        throw invalid(
            "subnet " + bridge.subnet() + " with gateway " + bridge.gateway(),
            "subnet in its shortest form with a gateway in it");
      }
      for (Reservation reservation : bridge.reservations()) {
        require(MAC_ADDRESS, reservation.macAddress(), "MAC address");
        require(HOST_NAME, reservation.hostName(), "host name");
        if (!subnet.contains(reservation.ipAddress())) {
          throw invalid(reservation.ipAddress(), "address of " + bridge.subnet());
        }
      }
    } catch (IllegalArgumentException e) {
      throw new HostException("InvalidNetwork", String.valueOf(e.getMessage()), e);
    }
  }

  static void check(TapDefinition tap) throws HostException {
    require(TAP, tap.name(), "name of a tap device");
    require(BRIDGE, tap.bridge(), "name of a bridge");
    require(MACHINE, tap.machineUuid(), "UUID of a machine");
    if (tap.ownerUid() < 0) {
      throw invalid(Integer.toString(tap.ownerUid()), "number of a user");
    }
  }

  private static void require(Pattern pattern, String value, String what) throws HostException {
    if (!pattern.matcher(value).matches()) {
      throw invalid(value, what);
    }
  }

  private static HostException invalid(String value, String what) {
    return new HostException("InvalidNetwork", "'" + value + "' is no " + what);
  }

  /** Fixed by the name, in the range of addresses that QEMU and KVM use for themselves. */
  static String bridgeMacAddress(String name) {
    String digest = Ruleset.digest(name);
    return "52:54:00:"
        + digest.substring(0, 2)
        + ":"
        + digest.substring(2, 4)
        + ":"
        + digest.substring(4, 6);
  }

  /** The user is in the mark, because ip(8) shows a name where it has one for the number. */
  static String mark(TapDefinition tap) {
    return Link.MACHINE_MARK + tap.machineUuid() + ":" + tap.ownerUid();
  }

  /** What the mark and the links of a tap device of ours say. */
  static TapDefinition tap(Link link) throws HostException {
    String[] parts = link.alias().substring(Link.MACHINE_MARK.length()).split(":", -1);
    try {
      return new TapDefinition(link.name(), link.master(), Integer.parseInt(parts[1]), parts[0]);
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new HostException(
          "NetworkFailed",
          "The alias '" + link.alias() + "' of " + link.name() + " was changed; delete the link",
          e);
    }
  }

  static boolean sameOwner(TapDefinition one, TapDefinition other) {
    return one.ownerUid() == other.ownerUid() && one.machineUuid().equals(other.machineUuid());
  }
}
