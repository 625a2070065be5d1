/** VirtualNetworks and the addresses in them. */
@NullMarked
package dev.holdfast.operator.network;

import org.jspecify.annotations.NullMarked;
