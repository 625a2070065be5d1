/** What Prometheus is told about a node. */
@NullMarked
package dev.holdfast.node.agent.metrics;

import org.jspecify.annotations.NullMarked;
