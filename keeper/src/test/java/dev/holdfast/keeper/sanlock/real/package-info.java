/** Our leases beside those of sanlock itself, on the same storage. */
@NullMarked
package dev.holdfast.keeper.sanlock.real;

import org.jspecify.annotations.NullMarked;
