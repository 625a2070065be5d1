/** Networks that machines are plugged into. */
@NullMarked
package dev.holdfast.crds.network;

import org.jspecify.annotations.NullMarked;
