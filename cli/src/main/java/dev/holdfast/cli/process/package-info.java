/** Finding again the processes that an earlier command started, and never another one. */
@org.jspecify.annotations.NullMarked
package dev.holdfast.cli.process;
