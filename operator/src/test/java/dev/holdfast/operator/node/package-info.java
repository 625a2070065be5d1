@NullMarked
package dev.holdfast.operator.node;

import org.jspecify.annotations.NullMarked;
