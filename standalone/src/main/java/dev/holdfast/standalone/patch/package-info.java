/** JSON patch, JSON merge patch and the subset of strategic merge patch that kubectl sends. */
@NullMarked
package dev.holdfast.standalone.patch;

import org.jspecify.annotations.NullMarked;
