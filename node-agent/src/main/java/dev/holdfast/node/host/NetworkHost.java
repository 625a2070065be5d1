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

  /**
   * Our bridges by name, also those of which somebody else has removed a part; they are not
   * complete.
   */
  Map<String, Bridge> bridges() throws HostException;

  /** Our tap devices by name; the bridge of one that is not plugged in is the empty text. */
  Map<String, Tap> taps() throws HostException;

  /**
   * Makes a nat network or brings it up to date: bridge, address, forwarding, packet filter, DHCP
   * and DNS server. Does nothing where all of it is as defined. New reservations interrupt nobody.
   *
   * @throws HostException with reason {@code AddressConflict} when the subnet overlaps an address
   *     or route of the host or of another network, default routes not counted, {@code
   *     NameConflict} when a foreign link has the name, {@code InvalidNetwork} when the definition
   *     makes no sense, {@code NetworkFailed} or that of a command otherwise
   */
  void ensureBridge(BridgeDefinition bridge) throws HostException;

  /**
   * Removes a bridge of ours with all that belongs to it; does nothing where there is none. Taps in
   * it stay, unplugged. The last one takes the packet filter table and the forwarding switch with
   * it, so that the host is as before.
   */
  void removeBridge(String name) throws HostException;

  /**
   * Makes a persistent tap device and plugs it into its bridge. One of another machine or user is
   * made anew; one in another bridge is only plugged over.
   *
   * @throws HostException with reason {@code BridgeMissing} when the bridge is not there or not
   *     ours, {@code NameConflict} when a foreign link has the name
   */
  void ensureTap(TapDefinition tap) throws HostException;

  /** Removes a tap device of ours; does nothing where there is none. */
  void removeTap(String name) throws HostException;
}
