@NullMarked
package dev.holdfast.keeper.protocol;

import org.jspecify.annotations.NullMarked;
