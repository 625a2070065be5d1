/**
 * A client of the QEMU Machine Protocol (QEMU, docs/interop/qmp-spec.txt): JSON objects over a unix
 * socket, replies matched to commands by their id, events in between.
 */
@NullMarked
package dev.holdfast.node.host.qemu.qmp;

import org.jspecify.annotations.NullMarked;
