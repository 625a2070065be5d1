package dev.holdfast.standalone.patch;

/** The patches that are computed without knowing field ownership. */
public enum PatchType {
  /** RFC 6902. */
  JSON,
  /** RFC 7386. */
  MERGE,
  /** Kubernetes' own, for built-in kinds only. */
  STRATEGIC_MERGE
}
