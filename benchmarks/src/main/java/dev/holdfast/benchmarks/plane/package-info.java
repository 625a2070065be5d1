/** The standalone control plane beside a real API server with etcd, under the same load. */
@NullMarked
package dev.holdfast.benchmarks.plane;

import org.jspecify.annotations.NullMarked;
