/** CEL with the functions of Kubernetes that rules of ours use. */
@NullMarked
package dev.holdfast.standalone.schema.cel;

import org.jspecify.annotations.NullMarked;
