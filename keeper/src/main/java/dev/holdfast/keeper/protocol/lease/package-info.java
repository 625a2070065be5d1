/** What the protocol says of leases on disks and of the lockspaces that they are in. */
@NullMarked
package dev.holdfast.keeper.protocol.lease;

import org.jspecify.annotations.NullMarked;
