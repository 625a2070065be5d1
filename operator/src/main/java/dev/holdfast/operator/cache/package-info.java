/** The operator's view of the cluster: every kind watched once, and what was just written. */
@NullMarked
package dev.holdfast.operator.cache;

import org.jspecify.annotations.NullMarked;
