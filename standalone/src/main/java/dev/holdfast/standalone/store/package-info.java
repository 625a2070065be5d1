/**
 * The objects of the control plane: one global revision, optimistic concurrency, history for
 * watches, and one crash-safe file. Knows nothing of Kubernetes but the shape of a key.
 */
@NullMarked
package dev.holdfast.standalone.store;

import org.jspecify.annotations.NullMarked;
