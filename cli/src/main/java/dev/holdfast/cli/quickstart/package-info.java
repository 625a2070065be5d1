/** The first command a newcomer runs: from nothing to a page served by a guest. */
@org.jspecify.annotations.NullMarked
package dev.holdfast.cli.quickstart;
