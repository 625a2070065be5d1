/**
 * What kube-controller-manager and the extensions server do in a cluster: establishing definitions,
 * emptying namespaces, collecting garbage and forgetting old events.
 */
@NullMarked
package dev.holdfast.standalone.control;

import org.jspecify.annotations.NullMarked;
