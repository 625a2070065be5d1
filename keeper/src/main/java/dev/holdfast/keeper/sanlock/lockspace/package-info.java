/**
 * Host ids of a lockspace: sanlock's "delta leases", after Chockler and Malkhi, "Light-weight
 * leases for storage-centric coordination" (2005).
 *
 * <p>A host that renews its record is alive; one whose record has not changed for long enough is
 * dead, for its own rules have ended it before.
 */
@NullMarked
package dev.holdfast.keeper.sanlock.lockspace;

import org.jspecify.annotations.NullMarked;
