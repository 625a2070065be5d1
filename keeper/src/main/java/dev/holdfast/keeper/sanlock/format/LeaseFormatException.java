package dev.holdfast.keeper.sanlock.format;

import java.io.IOException;

/** The storage holds something else than the record that was expected, or a damaged one. */
public final class LeaseFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  public LeaseFormatException(String message) {
    super(message);
  }
}
