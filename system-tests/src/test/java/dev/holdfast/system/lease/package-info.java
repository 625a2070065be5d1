/**
 * Hosts that lose their storage, their keepers or the control plane, with real machines on them.
 */
@NullMarked
package dev.holdfast.system.lease;

import org.jspecify.annotations.NullMarked;
