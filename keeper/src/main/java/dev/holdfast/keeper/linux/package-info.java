@NullMarked
package dev.holdfast.keeper.linux;

import org.jspecify.annotations.NullMarked;
