@NullMarked
package dev.holdfast.operator.disk;

import org.jspecify.annotations.NullMarked;
