@org.jspecify.annotations.NullMarked
package dev.holdfast.cli;
