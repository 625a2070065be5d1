@NullMarked
package dev.holdfast.operator.lease;

import org.jspecify.annotations.NullMarked;
