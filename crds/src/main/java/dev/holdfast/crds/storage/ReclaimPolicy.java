package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What becomes of a disk's image when the disk is deleted. */
public enum ReclaimPolicy {
  @JsonProperty("Retain")
  RETAIN,
  @JsonProperty("Delete")
  DELETE
}
