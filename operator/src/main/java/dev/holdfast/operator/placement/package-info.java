/** Which node a machine goes to: pure functions over a snapshot. */
@NullMarked
package dev.holdfast.operator.placement;

import org.jspecify.annotations.NullMarked;
