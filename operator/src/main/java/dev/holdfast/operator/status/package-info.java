/** Conditions, status and events as the operator writes them. */
@NullMarked
package dev.holdfast.operator.status;

import org.jspecify.annotations.NullMarked;
