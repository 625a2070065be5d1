/** Where the commands' own logs go. */
@org.jspecify.annotations.NullMarked
package dev.holdfast.cli.log;
