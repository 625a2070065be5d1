package dev.holdfast.keeper.protocol;

import java.io.IOException;

/** A line that is not understood, and how to answer it. */
public final class ProtocolException extends IOException {
  private static final long serialVersionUID = 1L;

  private final FailureCode code;
  private final long id;

  ProtocolException(FailureCode code, long id, String message) {
    super(message);
    this.code = code;
    this.id = id;
  }

  public FailureCode code() {
    return code;
  }

  /** Id of the request, -1 if none could be read. */
  public long id() {
    return id;
  }
}
