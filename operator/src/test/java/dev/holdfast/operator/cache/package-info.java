@NullMarked
package dev.holdfast.operator.cache;

import org.jspecify.annotations.NullMarked;
