package dev.holdfast.crds.network;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How a network is joined to the world outside. */
public enum ForwardMode {
  @JsonProperty("nat")
  NAT
}
