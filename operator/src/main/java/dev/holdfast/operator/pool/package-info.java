/** StoragePools and the nodes that can use them. */
@NullMarked
package dev.holdfast.operator.pool;

import org.jspecify.annotations.NullMarked;
