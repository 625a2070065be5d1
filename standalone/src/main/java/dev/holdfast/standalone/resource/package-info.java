/** The verbs that write, and the life cycle of objects, the same for every kind. */
@NullMarked
package dev.holdfast.standalone.resource;

import org.jspecify.annotations.NullMarked;
