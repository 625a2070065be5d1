/** The closing summary of a build: what this machine could not test. */
@NullMarked
package dev.holdfast.system.skipped;

import org.jspecify.annotations.NullMarked;
