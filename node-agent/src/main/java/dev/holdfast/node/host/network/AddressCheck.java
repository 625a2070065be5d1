package dev.holdfast.node.host.network;

import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.HostState.BridgeDefinition;

/**
 * Whether a subnet is free on this host. Default routes overlap everything and count for nothing,
 * also where a VPN has cut them in two halves.
 */
final class AddressCheck {
  private static final int HALF_OF_ALL = 1;

  private final IpTool ip;

  AddressCheck(IpTool ip) {
    this.ip = ip;
  }

  /**
   * @throws HostException with reason {@code AddressConflict} that names what is in the way
   */
  void check(BridgeDefinition bridge) throws HostException {
    Subnet wanted = Subnet.parse(bridge.subnet());
    for (Link link : ip.addressed()) {
      for (String address : link.addresses()) {
        if (!link.name().equals(bridge.name()) && wanted.overlaps(Subnet.parse(address))) {
          throw conflict(bridge, "the address " + address + " of " + link.name());
        }
      }
    }
    for (IpTool.Route route : ip.routes()) {
      if (route.destination().equals("default") || route.device().equals(bridge.name())) {
        continue;
      }
      Subnet destination = Subnet.parse(route.destination());
      if (destination.prefixLength() > HALF_OF_ALL && wanted.overlaps(destination)) {
        throw conflict(
            bridge, "the route to " + route.destination() + " through " + route.device());
      }
    }
  }

  private static HostException conflict(BridgeDefinition bridge, String other) {
    return new HostException(
        "AddressConflict",
        "The subnet "
            + bridge.subnet()
            + " of network "
            + bridge.name()
            + " overlaps "
            + other
            + " on this host. Choose another subnet");
  }
}
