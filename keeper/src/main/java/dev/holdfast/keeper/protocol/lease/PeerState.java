package dev.holdfast.keeper.protocol.lease;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What is known of another host of a lockspace; T is that host's I/O timeout. */
public enum PeerState {
  /** It left in order; it holds nothing. */
  @JsonProperty("free")
  FREE,
  /** Seen once only, so it counts as alive. */
  @JsonProperty("unknown")
  UNKNOWN,
  @JsonProperty("live")
  LIVE,
  /** Not renewed for 8T: it is killing its machines, if it still can. */
  @JsonProperty("failing")
  FAILING,
  /** Not renewed for 8T and the watchdog's time: its leases may be taken over. */
  @JsonProperty("dead")
  DEAD
}
