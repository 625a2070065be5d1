/** External programs: argument lists, time limits, and errors that carry the program's words. */
@NullMarked
package dev.holdfast.node.host.command;

import org.jspecify.annotations.NullMarked;
