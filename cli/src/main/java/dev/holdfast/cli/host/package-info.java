/**
 * All of Holdfast on one host in one process, and finding again what an earlier command started.
 */
@org.jspecify.annotations.NullMarked
package dev.holdfast.cli.host;
