/**
 * What the node agent needs of a host, as interfaces. The adapters below this package implement
 * them with real tools and know nothing of each other or of Kubernetes; the tests implement them
 * with a simulated host.
 */
@NullMarked
package dev.holdfast.node.host;

import org.jspecify.annotations.NullMarked;
