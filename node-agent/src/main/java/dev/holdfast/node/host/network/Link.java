package dev.holdfast.node.host.network;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A network device as {@code ip -json -details address show} describes it.
 *
 * @param kind such as {@code bridge} or {@code tun}; empty for hardware
 * @param alias empty where it has none
 * @param master bridge that it is plugged into, or empty
 * @param addresses IPv4 addresses with their prefix lengths
 */
record Link(
    String name, String kind, String alias, boolean up, String master, List<String> addresses) {
  static final String NETWORK_MARK = "holdfast:network:";
  static final String MACHINE_MARK = "holdfast:machine:";

  Link {
    addresses = List.copyOf(addresses);
  }

  static Link of(JsonNode json) {
    boolean up = false;
    for (JsonNode flag : json.path("flags")) {
      up |= flag.asText().equals("UP");
    }
    List<String> addresses = new ArrayList<>();
    for (JsonNode address : json.path("addr_info")) {
      if (address.path("family").asText().equals("inet")) {
        addresses.add(address.path("local").asText() + "/" + address.path("prefixlen").asInt());
      }
    }
    return new Link(
        json.path("ifname").asText(),
        json.path("linkinfo").path("info_kind").asText(),
        json.path("ifalias").asText(),
        up,
        json.path("master").asText(),
        addresses);
  }

  boolean isBridgeOfOurs() {
    return kind.equals("bridge") && name.startsWith("hfb") && alias.startsWith(NETWORK_MARK);
  }

  boolean isTapOfOurs() {
    return kind.equals("tun") && name.startsWith("hft") && alias.startsWith(MACHINE_MARK);
  }
}
