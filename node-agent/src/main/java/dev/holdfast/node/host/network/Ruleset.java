package dev.holdfast.node.host.network;

import dev.holdfast.node.plan.HostState.BridgeDefinition;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The packet filter of all our networks as text for nft(8). The model is what libvirt does for a
 * network with {@code forward mode='nat'}: guests reach each other in their network, the host and
 * the world; nobody but the host reaches them unasked.
 */
final class Ruleset {
  static final String TABLE = "holdfast";

  /** Not forwarded by any router, so not to be given another sender either. */
  private static final String NOT_ROUTED = "{ 224.0.0.0/4, 255.255.255.255 }";

  private final Map<String, Set<String>> chains = new LinkedHashMap<>();
  private final Map<String, Set<String>> elements = new LinkedHashMap<>();

  /** What has to be found in the kernel where a network is filtered, per network. */
  private final Map<String, Set<String>> fingerprints = new LinkedHashMap<>();

  Ruleset(Collection<BridgeDefinition> bridges) {
    Set<String> shared = new LinkedHashSet<>();
    rule(shared, "forward", "oifname vmap @inbound");
    rule(shared, "forward", "iifname vmap @outbound");
    rule(shared, "input", "ip daddr vmap @gateways");
    String leaving = "ip saddr @subnets ip daddr != @subnets ip daddr != " + NOT_ROUTED + " ";
    // A guest's privileged port must not become one of the host: servers such as NFS trust those.
    rule(shared, "postrouting", leaving + "meta l4proto { tcp, udp } masquerade to :1024-65535");
    rule(shared, "postrouting", leaving + "masquerade");
    for (BridgeDefinition bridge : bridges) {
      Set<String> own = new LinkedHashSet<>(shared);
      add(bridge, own);
      fingerprints.put(bridge.name(), own);
    }
  }

  private void add(BridgeDefinition bridge, Set<String> own) {
    String name = bridge.name();
    element(own, "subnets", bridge.subnet(), "");

    element(own, "inbound", quoted(name), " : jump " + name + "-in");
    rule(own, name + "-in", "iifname " + quoted(name) + " accept");
    rule(own, name + "-in", "ip daddr " + bridge.subnet() + " ct state established,related accept");
    rule(own, name + "-in", "reject");

    element(own, "outbound", quoted(name), " : jump " + name + "-out");
    rule(own, name + "-out", "ip saddr " + bridge.subnet() + " accept");
    rule(own, name + "-out", "reject");

    // dnsmasq would answer whoever can route to the gateway's address (CVE-2012-3411).
    element(own, "gateways", bridge.gateway(), " : jump " + name + "-gateway");
    rule(own, name + "-gateway", "iifname != { " + quoted(name) + ", \"lo\" } drop");
  }

  private void rule(Set<String> marks, String chain, String text) {
    String comment = digest(chain + " " + text);
    chains
        .computeIfAbsent(chain, c -> new LinkedHashSet<>())
        .add(text + " comment " + quoted(comment));
    marks.add(ruleFingerprint(chain, comment));
  }

  private void element(Set<String> marks, String set, String key, String verdict) {
    elements.computeIfAbsent(set, s -> new LinkedHashSet<>()).add(key + verdict);
    marks.add(elementFingerprint(set, key.replace("\"", "")));
  }

  static String ruleFingerprint(String chain, String comment) {
    return "rule " + chain + " " + comment;
  }

  static String elementFingerprint(String set, String key) {
    return "element " + set + " " + key;
  }

  /** What {@link PacketFilter#present} finds at least where this network's rules are in force. */
  Set<String> fingerprints(String bridge) {
    return fingerprints.getOrDefault(bridge, Set.of());
  }

  /** One transaction that replaces our table; without networks there is no table at all. */
  String text() {
    String replace = "add table inet " + TABLE + "\ndelete table inet " + TABLE + "\n";
    if (fingerprints.isEmpty()) {
      return replace;
    }
    return replace
        + "table inet "
        + TABLE
        + " {\n"
        + set("set", "subnets", "type ipv4_addr; flags interval;")
        + set("map", "inbound", "type ifname : verdict;")
        + set("map", "outbound", "type ifname : verdict;")
        + set("map", "gateways", "type ipv4_addr : verdict;")
        + ownChains()
        + chain("forward", "type filter hook forward priority filter; policy accept;")
        + chain("input", "type filter hook input priority filter; policy accept;")
        + chain("postrouting", "type nat hook postrouting priority srcnat; policy accept;")
        + "}\n";
  }

  private String set(String keyword, String name, String type) {
    return "  "
        + keyword
        + " "
        + name
        + " { "
        + type
        + " elements = { "
        + String.join(", ", elements.getOrDefault(name, Set.of()))
        + " }; }\n";
  }

  private String ownChains() {
    return chains.keySet().stream()
        .filter(c -> !List.of("forward", "input", "postrouting").contains(c))
        .map(c -> chain(c, ""))
        .collect(Collectors.joining());
  }

  private String chain(String name, String hook) {
    return "  chain "
        + name
        + " {\n    "
        + hook
        + "\n    "
        + String.join("\n    ", chains.getOrDefault(name, Set.of()))
        + "\n  }\n";
  }

  private static String quoted(String text) {
    return '"' + text + '"';
  }

  static String digest(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
