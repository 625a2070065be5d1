/** The hosts that run machines. */
@NullMarked
package dev.holdfast.crds.node;

import org.jspecify.annotations.NullMarked;
