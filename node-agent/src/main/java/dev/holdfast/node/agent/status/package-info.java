/** What is told of this node's objects: the status of each as a pure function, and the writing. */
@NullMarked
package dev.holdfast.node.agent.status;

import org.jspecify.annotations.NullMarked;
