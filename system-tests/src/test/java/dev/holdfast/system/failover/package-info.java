/**
 * Two hosts, one disk: machines move when a host fails, and the disk has one writer at any time.
 */
@NullMarked
package dev.holdfast.system.failover;

import org.jspecify.annotations.NullMarked;
