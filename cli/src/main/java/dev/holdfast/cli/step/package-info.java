/**
 * Long commands as named steps: what runs is visible, and a failure says where, why and what to
 * read.
 */
@org.jspecify.annotations.NullMarked
package dev.holdfast.cli.step;
