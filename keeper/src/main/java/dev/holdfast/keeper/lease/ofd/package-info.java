/** Leases that are locks of open file descriptions, held by the machines' own processes. */
@NullMarked
package dev.holdfast.keeper.lease.ofd;

import org.jspecify.annotations.NullMarked;
