/**
 * What ends machines whose leases can no longer be vouched for: the keeper itself, a timer of the
 * kernel that ends a keeper which cannot, and a watchdog that ends the host.
 */
@NullMarked
package dev.holdfast.keeper.fencing;

import org.jspecify.annotations.NullMarked;
