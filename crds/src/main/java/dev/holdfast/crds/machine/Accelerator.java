package dev.holdfast.crds.machine;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What executes the guest's instructions. */
public enum Accelerator {
  @JsonProperty("kvm")
  KVM,
  @JsonProperty("tcg")
  TCG
}
