/** Disks, their frozen instances, and the pools that hold them. */
@NullMarked
package dev.holdfast.crds.storage;

import org.jspecify.annotations.NullMarked;
