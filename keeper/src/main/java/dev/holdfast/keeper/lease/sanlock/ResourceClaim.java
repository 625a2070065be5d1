package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.sanlock.resource.ResourceLease;

/**
 * What the storage has given to this host.
 *
 * @param lease to give it back with, by one thread at a time
 * @param generation of our host id, without which it is void
 * @param version number of the acquisition
 */
record ResourceClaim(ResourceLease lease, long generation, long version) {}
