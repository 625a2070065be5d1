/** VirtualDisks: bound to a node and told how they are. */
@NullMarked
package dev.holdfast.operator.disk;

import org.jspecify.annotations.NullMarked;
