package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Whether a process may outlive the keeper. */
public enum Tie {
  /**
   * The kernel kills the process when the keeper dies (PR_SET_PDEATHSIG, prctl(2)): for machines
   * whose leases must be renewed.
   */
  @JsonProperty("keeperLife")
  KEEPER_LIFE,
  /** The process lives on and is adopted by the next keeper. */
  @JsonProperty("independent")
  INDEPENDENT
}
