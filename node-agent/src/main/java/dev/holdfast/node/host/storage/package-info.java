/** Disk images and pools on file systems of the host. */
@NullMarked
package dev.holdfast.node.host.storage;

import org.jspecify.annotations.NullMarked;
