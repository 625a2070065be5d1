@NullMarked
package dev.holdfast.operator.identity;

import org.jspecify.annotations.NullMarked;
