/** Stand-ins for what the operator works with: an API server and the agents of nodes. */
@NullMarked
package dev.holdfast.operator.testing;

import org.jspecify.annotations.NullMarked;
