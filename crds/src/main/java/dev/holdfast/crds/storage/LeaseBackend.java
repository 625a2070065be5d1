package dev.holdfast.crds.storage;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Kind of a lease that there is; a disk of a pool without leases has none. */
public enum LeaseBackend {
  /** An open-file-description lock (fcntl(2)) on a file of its own. */
  @JsonProperty("ofd")
  OFD,
  /** A lease in sanlock's on-disk format. */
  @JsonProperty("sanlock")
  SANLOCK
}
