package dev.holdfast.cli.step;

import org.jspecify.annotations.Nullable;

/** A step failed. The message is for the user: why it failed and what to do. */
public final class StepException extends Exception {
  private static final long serialVersionUID = 1;

  public StepException(String message) {
    super(message);
  }

  public StepException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
