/**
 * What a node should have, what it has, and the pure planner between them. Knows nothing of how a
 * host is read or changed, and no clock but an argument.
 */
@NullMarked
package dev.holdfast.node.plan;

import org.jspecify.annotations.NullMarked;
