/** What a machine or network is known by for ever, derived from where it is in the cluster. */
@NullMarked
package dev.holdfast.operator.identity;

import org.jspecify.annotations.NullMarked;
