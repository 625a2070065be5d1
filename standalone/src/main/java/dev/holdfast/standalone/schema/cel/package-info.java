/**
 * CEL as Kubernetes extends it: quantities, addresses, URLs, list and regular expression functions.
 */
@NullMarked
package dev.holdfast.standalone.schema.cel;

import org.jspecify.annotations.NullMarked;
