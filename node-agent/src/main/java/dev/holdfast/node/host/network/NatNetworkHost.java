package dev.holdfast.node.host.network;

import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.NetworkHost;
import dev.holdfast.node.plan.HostState.Bridge;
import dev.holdfast.node.plan.HostState.BridgeDefinition;
import dev.holdfast.node.plan.HostState.Tap;
import dev.holdfast.node.plan.HostState.TapDefinition;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * nat networks made of a Linux bridge, an nftables table of our own and one dnsmasq each. The
 * host's IPv4 forwarding is switched on with the first network and, where it was off, switched off
 * again with the last.
 */
public final class NatNetworkHost implements NetworkHost {
  private final Path runtimeDirectory;
  private final HostTools tools;
  private final IpTool ip;
  private final PacketFilter filter;
  private final Forwarding forwarding;
  private final TunDevice tunDevice;
  private final Signals signals = new Signals();
  private final DnsmasqUser dnsmasqUser;
  private final AddressCheck addressCheck;

  /** Held while the one packet filter table and the one forwarding switch are changed. */
  private final ReentrantLock lock = new ReentrantLock();

  /**
   * @param runtimeDirectory for the files of the DHCP servers, emptied by a reboot, such as {@code
   *     /run/holdfast/networks}; everybody must be able to pass through to it
   * @param commandPrefix comes before every command that concerns the network, such as {@code
   *     nsenter --net=FILE}; empty for the agent's own network namespace
   * @throws IOException when the users of the host cannot be read
   */
  public NatNetworkHost(Path runtimeDirectory, List<String> commandPrefix) throws IOException {
    this.runtimeDirectory = runtimeDirectory;
    this.tools = new HostTools(commandPrefix);
    this.ip = new IpTool(tools);
    this.filter = new PacketFilter(tools);
    this.forwarding = new Forwarding(tools, runtimeDirectory);
    this.tunDevice = new TunDevice(Path.of("/dev/net/tun"), runtimeDirectory);
    this.dnsmasqUser = DnsmasqUser.find();
    this.addressCheck = new AddressCheck(ip);
  }

  @Override
  public Map<String, Bridge> bridges() throws HostException {
    try {
      Map<String, Link> links = new LinkedHashMap<>();
      for (Link link : ip.links("bridge")) {
        links.put(link.name(), link);
      }
      Map<String, BridgeDefinition> definitions = definitions(links);
      if (definitions.isEmpty()) {
        return Map.of();
      }
      Ruleset rules = new Ruleset(definitions.values());
      Set<String> present = filter.present();
      boolean forwards = forwarding.isOn();
      Map<String, Bridge> bridges = new HashMap<>();
      for (BridgeDefinition definition : definitions.values()) {
        Link link = links.get(definition.name());
        boolean complete =
            forwards
                && link != null
                && link.up()
                && link.addresses().equals(List.of(address(definition)))
                && present.containsAll(rules.fingerprints(definition.name()))
                && dnsmasq(definition.name()).serves(definition);
        bridges.put(definition.name(), new Bridge(definition, complete));
      }
      return bridges;
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** Of the bridges that are there, and of those that somebody else has removed in part. */
  private Map<String, BridgeDefinition> definitions(Map<String, Link> links) throws IOException {
    Map<String, BridgeDefinition> definitions = new LinkedHashMap<>();
    for (Link link : links.values()) {
      if (link.isBridgeOfOurs()) {
        add(definitions, link.name(), link.alias().substring(Link.NETWORK_MARK.length()));
      }
    }
    for (String name : directories()) {
      String address = files(name).readAddress();
      if (!links.containsKey(name) && address != null) {
        add(definitions, name, address);
      }
    }
    return definitions;
  }

  private void add(Map<String, BridgeDefinition> definitions, String name, String address)
      throws IOException {
    definitions.put(
        name,
        new BridgeDefinition(
            name,
            Subnet.parse(address).toString(),
            address.substring(0, address.indexOf('/')),
            files(name).readReservations()));
  }

  private List<String> directories() throws IOException {
    if (!Files.isDirectory(runtimeDirectory)) {
      return List.of();
    }
    try (Stream<Path> paths = Files.list(runtimeDirectory)) {
      return paths
          .filter(Files::isDirectory)
          .map(p -> String.valueOf(p.getFileName()))
          .filter(n -> n.startsWith("hfb"))
          .toList();
    }
  }

  private static String address(BridgeDefinition bridge) {
    return bridge.gateway() + bridge.subnet().substring(bridge.subnet().indexOf('/'));
  }

  private DnsmasqFiles files(String name) {
    return new DnsmasqFiles(runtimeDirectory.resolve(name));
  }

  private Dnsmasq dnsmasq(String name) {
    return new Dnsmasq(tools, signals, dnsmasqUser, files(name));
  }

  @Override
  public void ensureBridge(BridgeDefinition bridge) throws HostException {
    Definitions.check(bridge);
    lock.lock();
    try {
      Map<String, Bridge> present = bridges();
      if (new Bridge(bridge, true).equals(present.get(bridge.name()))) {
        return;
      }
      Link link = ip.link(bridge.name());
      if (link != null && !link.isBridgeOfOurs()) {
        throw nameConflict(link);
      }
      addressCheck.check(bridge);
      makeRuntimeDirectory();
      ensureLink(bridge, link);
      // The filter comes before forwarding, so that no packet passes unfiltered.
      filter.apply(new Ruleset(with(present, bridge)));
      forwarding.on();
      tunDevice.open();
      ip.change("link set dev " + bridge.name() + " up");
      dnsmasq(bridge.name()).ensure(bridge);
    } catch (IOException e) {
      throw new HostException(
          "NetworkFailed", "Cannot write below " + runtimeDirectory + ": " + e, e);
    } finally {
      lock.unlock();
    }
  }

  private static HostException nameConflict(Link link) {
    return new HostException(
        "NameConflict",
        "A link "
            + link.name()
            + " is already there and carries no mark of Holdfast; it is left alone. Remove it with"
            + " 'ip link delete "
            + link.name()
            + "' if nobody needs it");
  }

  private static List<BridgeDefinition> with(Map<String, Bridge> present, BridgeDefinition bridge) {
    List<BridgeDefinition> all = new ArrayList<>(without(present, bridge.name()));
    all.add(bridge);
    return all;
  }

  private static List<BridgeDefinition> without(Map<String, Bridge> present, String name) {
    return present.values().stream()
        .map(Bridge::definition)
        .filter(d -> !d.name().equals(name))
        .toList();
  }

  /** dnsmasq reads its files as an unprivileged user, so that it must be able to reach them. */
  private void makeRuntimeDirectory() throws IOException, HostException {
    if (!Files.isDirectory(runtimeDirectory)) {
      Files.createDirectories(runtimeDirectory);
      Files.setPosixFilePermissions(runtimeDirectory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    for (Path path = runtimeDirectory.toRealPath(); path != null; path = path.getParent()) {
      String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
      if (!mode.endsWith("x")) {
        throw new HostException(
            "NetworkFailed",
            "dnsmasq, which runs as "
                + dnsmasqUser.user()
                + ", cannot pass through "
                + path
                + " (mode "
                + mode
                + "). Run 'chmod o+x "
                + path
                + "'");
      }
    }
  }

  private void ensureLink(BridgeDefinition bridge, @Nullable Link link)
      throws HostException, IOException {
    String name = bridge.name();
    String address = address(bridge);
    files(name).make();
    files(name).writeAddress(address);
    String mark = "link set dev " + name + " alias " + Link.NETWORK_MARK + address;
    if (link == null) {
      // One that still runs has its DHCP socket bound to a device that is gone.
      dnsmasq(name).stop();
      // Without a fixed MAC address the bridge would take that of its lowest port, and guests would
      // lose their gateway whenever a machine starts or stops.
      ip.change(
          "link add dev "
              + name
              + " address "
              + Definitions.bridgeMacAddress(name)
              + " type bridge stp_state 0 forward_delay 0",
          mark,
          "address add " + address + " dev " + name);
    } else if (!link.addresses().equals(List.of(address))) {
      ip.change(mark, "address flush dev " + name, "address add " + address + " dev " + name);
    } else {
      ip.change(mark);
    }
    disableIpv6(name);
  }

  /** Else a guest's router advertisements would configure the host (ip-sysctl, disable_ipv6). */
  private void disableIpv6(String name) throws HostException {
    Path file = Path.of("/proc/sys/net/ipv6/conf", name, "disable_ipv6");
    if (Files.isDirectory(Path.of("/proc/sys/net/ipv6"))) {
      tools.command("tee", file.toString()).withInput("1\n").run();
    }
  }

  @Override
  public void removeBridge(String name) throws HostException {
    lock.lock();
    try {
      Map<String, Bridge> present = bridges();
      if (!present.containsKey(name)) {
        return;
      }
      List<BridgeDefinition> rest = without(present, name);
      dnsmasq(name).stop();
      Link link = ip.link(name);
      if (link != null && link.isBridgeOfOurs()) {
        ip.change("link delete dev " + name);
      }
      filter.apply(new Ruleset(rest));
      if (rest.isEmpty()) {
        forwarding.restore();
        tunDevice.restore();
      }
      // Last, because the directory alone still shows the network after a crash in between.
      files(name).delete();
      if (rest.isEmpty()) {
        Files.deleteIfExists(runtimeDirectory);
      }
    } catch (DirectoryNotEmptyException e) {
      // Somebody else's files are nothing to clean up.
      return;
    } catch (IOException e) {
      throw new HostException(
          "NetworkFailed", "Cannot remove the files below " + runtimeDirectory + ": " + e, e);
    } finally {
      lock.unlock();
    }
  }

  private HostException unreadable(IOException e) {
    return new HostException(
        "NetworkFailed", "Cannot read the files below " + runtimeDirectory + ": " + e, e);
  }

  @Override
  public Map<String, Tap> taps() throws HostException {
    Map<String, Tap> taps = new HashMap<>();
    for (Link link : ip.links("tun")) {
      if (link.isTapOfOurs()) {
        taps.put(link.name(), new Tap(Definitions.tap(link)));
      }
    }
    return taps;
  }

  @Override
  public void ensureTap(TapDefinition tap) throws HostException {
    Definitions.check(tap);
    Link present = ip.link(tap.name());
    if (present != null && !present.isTapOfOurs()) {
      throw nameConflict(present);
    }
    if (present != null && present.up() && Definitions.tap(present).equals(tap)) {
      return;
    }
    Link bridge = ip.link(tap.bridge());
    if (bridge == null || !bridge.isBridgeOfOurs()) {
      throw new HostException(
          "BridgeMissing",
          "There is no bridge " + tap.bridge() + " of Holdfast to plug " + tap.name() + " into");
    }
    String plug = "link set dev " + tap.name() + " addrgenmode none master " + tap.bridge() + " up";
    if (present != null && Definitions.sameOwner(Definitions.tap(present), tap)) {
      ip.change(plug);
      return;
    }
    if (present != null) {
      ip.change("link delete dev " + tap.name());
    }
    ip.change(
        "tuntap add dev " + tap.name() + " mode tap user " + tap.ownerUid(),
        "link set dev " + tap.name() + " alias " + Definitions.mark(tap),
        plug);
  }

  @Override
  public void removeTap(String name) throws HostException {
    Link link = ip.link(name);
    if (link != null && link.isTapOfOurs()) {
      ip.change("link delete dev " + name);
    }
  }
}
