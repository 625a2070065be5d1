package dev.holdfast.node.host;

import dev.holdfast.node.plan.HostState.Bridge;
import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.Tap;
import dev.holdfast.node.plan.HostState.TapDefinition;
import java.util.Map;

/**
 * Networks of a host. What is ours carries our mark (name prefix and link alias); anything else is
 * never changed, also not when it has the name of something that we want to make.
 */
public interface NetworkHost {

  /** Our bridges by name. */
  Map<String, Bridge> bridges() throws HostException;

  /** Our tap devices by name. */
  Map<String, Tap> taps() throws HostException;

  /**
   * Makes a nat network or brings it up to date: bridge, address, forwarding, packet filter, DHCP
   * and DNS server.
   *
   * @throws HostException with reason {@code AddressConflict} when the subnet overlaps an address
   *     or route of the host that is not ours, {@code NameConflict} when a foreign link has the
   *     name
   */
  void ensureBridge(BridgeDefinition bridge) throws HostException;

  /** Removes a bridge of ours with all that belongs to it; does nothing where there is none. */
  void removeBridge(String name) throws HostException;

  /** Makes a persistent tap device and plugs it into its bridge. */
  void ensureTap(TapDefinition tap) throws HostException;

  /** Removes a tap device of ours; does nothing where there is none. */
  void removeTap(String name) throws HostException;
}
