@NullMarked
package dev.holdfast.keeper.process;

import org.jspecify.annotations.NullMarked;
