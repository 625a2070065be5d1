@NullMarked
package dev.holdfast.keeper.server;

import org.jspecify.annotations.NullMarked;
