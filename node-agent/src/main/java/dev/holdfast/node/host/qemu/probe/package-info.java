/**
 * What a host's QEMU can do: found out by asking it and by running a probe guest, and remembered
 * until QEMU, kernel or /dev/kvm change.
 */
@NullMarked
package dev.holdfast.node.host.qemu.probe;

import org.jspecify.annotations.NullMarked;
