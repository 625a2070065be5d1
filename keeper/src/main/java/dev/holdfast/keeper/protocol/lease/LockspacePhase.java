package dev.holdfast.keeper.protocol.lease;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Where this host's membership of a lockspace stands; T is the lockspace's I/O timeout. */
public enum LockspacePhase {
  /** The host id is being acquired, which takes from 2T to 10T + 60 s; no lease can be had yet. */
  @JsonProperty("joining")
  JOINING,
  @JsonProperty("live")
  LIVE,
  /** No renewal for 6T: the machines go on; if none succeeds until 8T they are killed. */
  @JsonProperty("late")
  LATE,
  /**
   * No renewal for 8T, or somebody else's record in our place: machines with leases in it are
   * killed. The keeper joins again by itself when the storage is back.
   */
  @JsonProperty("failed")
  FAILED,
  @JsonProperty("leaving")
  LEAVING
}
