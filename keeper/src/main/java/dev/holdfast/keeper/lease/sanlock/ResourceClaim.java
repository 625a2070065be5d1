package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.protocol.lease.LeaseMode;
import dev.holdfast.keeper.sanlock.resource.ResourceLease;
import java.io.IOException;

/**
 * What the storage has given to this host.
 *
 * @param lease to give it back with, by one thread at a time
 * @param generation of our host id, without which it is void
 * @param version number of the acquisition
 */
record ResourceClaim(ResourceLease lease, long generation, long version) {
  /** Whether storage says that it is ours, as the program before this one has told. */
  boolean resume(LeaseMode mode) throws IOException {
    // A second attempt, after a failure of storage at another one.
    return lease.version().isPresent()
        || lease.resume(SanlockBackend.translate(mode), generation, version);
  }
}
