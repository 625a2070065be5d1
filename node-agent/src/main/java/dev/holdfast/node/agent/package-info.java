/**
 * The node agent: watches what the control plane wants, plans, executes and reports. Wires
 * everything else.
 */
@NullMarked
package dev.holdfast.node.agent;

import org.jspecify.annotations.NullMarked;
