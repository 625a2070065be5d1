/** What leases cost. */
@NullMarked
package dev.holdfast.benchmarks.lease;

import org.jspecify.annotations.NullMarked;
