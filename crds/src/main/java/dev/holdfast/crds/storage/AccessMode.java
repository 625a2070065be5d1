package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Which machines may have a disk attached at the same time. */
public enum AccessMode {
  @JsonProperty("Exclusive")
  EXCLUSIVE,
  @JsonProperty("SharedReadOnly")
  SHARED_READ_ONLY,
  @JsonProperty("SharedReadWrite")
  SHARED_READ_WRITE;

  /** Whether several machines may. */
  public boolean isShared() {
    return switch (this) {
      case EXCLUSIVE -> false;
      case SHARED_READ_ONLY, SHARED_READ_WRITE -> true;
    };
  }
}
