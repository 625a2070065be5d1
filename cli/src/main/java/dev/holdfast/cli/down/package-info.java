/** Undoing on a host what Holdfast has made there, and nothing else. */
@org.jspecify.annotations.NullMarked
package dev.holdfast.cli.down;
