/** Backup and restore of a whole control plane. */
@NullMarked
package dev.holdfast.standalone.backup;

import org.jspecify.annotations.NullMarked;
