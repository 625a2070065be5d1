@NullMarked
package dev.holdfast.operator.placement;

import org.jspecify.annotations.NullMarked;
