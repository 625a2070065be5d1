package dev.holdfast.crds.machine;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Instruction set of a host or guest, as {@code uname -m} prints it. */
public enum Architecture {
  @JsonProperty("x86_64")
  X86_64,
  @JsonProperty("aarch64")
  AARCH64
}
