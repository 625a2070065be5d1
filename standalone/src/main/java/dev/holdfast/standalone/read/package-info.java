/** Gets, lists and watches of any kind, and which objects of it a client selects. */
@NullMarked
package dev.holdfast.standalone.read;

import org.jspecify.annotations.NullMarked;
