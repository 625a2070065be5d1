/** Which machine holds which leases, over the backends that know how to hold one. */
@NullMarked
package dev.holdfast.keeper.lease;

import org.jspecify.annotations.NullMarked;
