/** Carries out what was planned and keeps the record of it. */
@NullMarked
package dev.holdfast.node.execute;

import org.jspecify.annotations.NullMarked;
