package dev.holdfast.keeper.client;

import dev.holdfast.keeper.protocol.FailureCode;
import java.io.IOException;

/**
 * The keeper refused a request; the connection is fine. Every other {@link IOException} of the
 * client means that it is not.
 */
public final class KeeperException extends IOException {
  private static final long serialVersionUID = 1L;

  private final FailureCode code;

  KeeperException(FailureCode code, String message) {
    super(message);
    this.code = code;
  }

  public FailureCode code() {
    return code;
  }
}
