package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Format of a disk image. */
public enum DiskFormat {
  @JsonProperty("raw")
  RAW,
  @JsonProperty("qcow2")
  QCOW2;

  /** The name that qemu-img and QEMU's block drivers use. */
  public String qemuName() {
    return switch (this) {
      case RAW -> "raw";
      case QCOW2 -> "qcow2";
    };
  }
}
