/** Holdfast's control plane on every kind of cluster there is. */
@NullMarked
package dev.holdfast.system.cluster;

import org.jspecify.annotations.NullMarked;
