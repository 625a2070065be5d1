/**
 * Leases of resources: Disk Paxos (Gafni and Lamport, 2003) with one disk, as sanlock does it. The
 * leader record says who has the lease; ballots decide who may write it.
 */
@NullMarked
package dev.holdfast.keeper.sanlock.resource;

import org.jspecify.annotations.NullMarked;
