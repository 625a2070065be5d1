/** Tests of everything together, and of the repository itself. */
@NullMarked
package dev.holdfast.system;

import org.jspecify.annotations.NullMarked;
