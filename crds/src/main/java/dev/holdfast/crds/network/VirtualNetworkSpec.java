package dev.holdfast.crds.network;

import com.fasterxml.jackson.annotation.JsonInclude;

/** The network as the user wants it. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record VirtualNetworkSpec(Forward forward, Ipv4 ipv4) {
  /** How the network is joined to the world outside. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Forward(ForwardMode mode) {}

  /**
   * IPv4 addressing.
   *
   * @param subnet in CIDR notation with a prefix length of 16 to 29; the node has the first address
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Ipv4(String subnet) {}
}
