/**
 * The lease algorithms on a disk in memory that several hosts share, in virtual time: whatever may
 * happen between two operations happens in some schedule, and every schedule is its seed.
 */
@NullMarked
package dev.holdfast.keeper.sanlock.model;

import org.jspecify.annotations.NullMarked;
