/**
 * The one connection to this host's keeper, for every adapter that asks it for something. What they
 * ask is their own business.
 */
@NullMarked
package dev.holdfast.node.host.keeper;

import org.jspecify.annotations.NullMarked;
