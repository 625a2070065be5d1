/**
 * Leases in sanlock's format as a running keeper holds them: threads, time, and what follows when
 * storage fails. The algorithms are in {@code dev.holdfast.keeper.sanlock}.
 */
@NullMarked
package dev.holdfast.keeper.lease.sanlock;

import org.jspecify.annotations.NullMarked;
