package dev.holdfast.crds.machine;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Host cache mode of a disk, with the meanings of QEMU's {@code cache=} (qemu(1)). */
public enum CacheMode {
  @JsonProperty("none")
  NONE,
  @JsonProperty("writeback")
  WRITEBACK,
  @JsonProperty("writethrough")
  WRITETHROUGH
}
