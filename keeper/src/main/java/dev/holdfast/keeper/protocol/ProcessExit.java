package dev.holdfast.keeper.protocol;

import java.time.Instant;
import java.util.Objects;

/**
 * The end of a process.
 *
 * @param cause exit code or signal
 * @param at when the keeper learned of it
 * @param outputTail the last 4 KiB of its standard output and error; empty if there were none
 */
public record ProcessExit(ExitCause cause, Instant at, String outputTail) {
  public ProcessExit {
    Objects.requireNonNull(cause, "cause is missing");
    Objects.requireNonNull(at, "at is missing");
    Objects.requireNonNull(outputTail, "outputTail is missing");
  }
}
