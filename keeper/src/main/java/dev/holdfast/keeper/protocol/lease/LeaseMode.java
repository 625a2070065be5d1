package dev.holdfast.keeper.protocol.lease;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How many may hold a lease at the same time. */
public enum LeaseMode {
  /** One machine in the whole cluster. */
  @JsonProperty("exclusive")
  EXCLUSIVE,
  /** Any number of machines, as long as none holds it exclusively. */
  @JsonProperty("shared")
  SHARED
}
