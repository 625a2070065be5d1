@NullMarked
package dev.holdfast.operator.machine;

import org.jspecify.annotations.NullMarked;
