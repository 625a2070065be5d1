/**
 * QEMU processes: their command line, their private directories, their monitors, and {@link
 * dev.holdfast.node.host.qemu.QemuMachineHost}, which keeps all of it together.
 */
@NullMarked
package dev.holdfast.node.host.qemu;

import org.jspecify.annotations.NullMarked;
