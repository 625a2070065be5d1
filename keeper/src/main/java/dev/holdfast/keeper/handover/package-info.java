/** What a keeper leaves to the program that its process executes next. */
@NullMarked
package dev.holdfast.keeper.handover;

import org.jspecify.annotations.NullMarked;
