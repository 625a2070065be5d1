/**
 * Which resources there are: the built-in ones and those of CustomResourceDefinitions, each with
 * its names, schema, columns, selectable fields and the rules that only its kind has.
 */
@NullMarked
package dev.holdfast.standalone.kind;

import org.jspecify.annotations.NullMarked;
