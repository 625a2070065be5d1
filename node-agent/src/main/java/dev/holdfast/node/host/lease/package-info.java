/** Leases as the keeper holds them. */
@NullMarked
package dev.holdfast.node.host.lease;

import org.jspecify.annotations.NullMarked;
