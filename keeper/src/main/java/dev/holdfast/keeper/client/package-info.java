@NullMarked
package dev.holdfast.keeper.client;

import org.jspecify.annotations.NullMarked;
