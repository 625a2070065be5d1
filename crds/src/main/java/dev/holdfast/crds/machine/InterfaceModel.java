package dev.holdfast.crds.machine;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Emulated network card. */
public enum InterfaceModel {
  @JsonProperty("virtio")
  VIRTIO,
  @JsonProperty("e1000e")
  E1000E
}
