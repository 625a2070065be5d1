/** nat networks of a host: bridges and taps, the packet filter, DHCP and DNS. See DESIGN.md. */
@NullMarked
package dev.holdfast.node.host.network;

import org.jspecify.annotations.NullMarked;
