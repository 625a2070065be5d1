/** Programs that measure; each prints its figures beside a floor or peer of the same run. */
@NullMarked
package dev.holdfast.benchmarks;

import org.jspecify.annotations.NullMarked;
