/** Rules that the code and the repository keep. */
@NullMarked
package dev.holdfast.system.conventions;

import org.jspecify.annotations.NullMarked;
