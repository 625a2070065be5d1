/**
 * Structural schemas of custom resources: pruning, defaulting, validation and CEL rules, as the API
 * extensions server of Kubernetes does them. Pure: no I/O, no clock.
 */
@NullMarked
package dev.holdfast.standalone.schema;

import org.jspecify.annotations.NullMarked;
