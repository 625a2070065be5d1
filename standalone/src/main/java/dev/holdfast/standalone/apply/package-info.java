/**
 * Field ownership ({@code metadata.managedFields}) and server-side apply, after the algorithm of
 * sigs.k8s.io/structured-merge-diff. Pure: no I/O; the clock is an argument.
 */
@NullMarked
package dev.holdfast.standalone.apply;

import org.jspecify.annotations.NullMarked;
