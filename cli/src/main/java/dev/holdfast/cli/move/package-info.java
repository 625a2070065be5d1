/** Carries machines from one control plane to another while they run. */
@NullMarked
package dev.holdfast.cli.move;

import org.jspecify.annotations.NullMarked;
