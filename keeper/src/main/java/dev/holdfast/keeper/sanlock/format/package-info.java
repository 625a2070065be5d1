/**
 * The bytes of sanlock's lockspaces and resources, as values.
 *
 * <p>Nothing here reads or writes storage or knows the time. All numbers on disk are little endian
 * and naturally aligned. An <em>area</em> is the unit of allocation: one lockspace with a record
 * for each host id, or one resource. Its size and that of its sectors are the {@link
 * dev.holdfast.keeper.sanlock.format.Geometry}.
 */
@NullMarked
package dev.holdfast.keeper.sanlock.format;

import org.jspecify.annotations.NullMarked;
