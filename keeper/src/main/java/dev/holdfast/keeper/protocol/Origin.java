package dev.holdfast.keeper.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;

/** How the keeper came to a process. */
public enum Origin {
  /** It is a child of this keeper, so its exit status will be known. */
  @JsonProperty("launched")
  LAUNCHED,
  /** An earlier keeper started it; only the fact of its exit will be known. */
  @JsonProperty("adopted")
  ADOPTED
}
