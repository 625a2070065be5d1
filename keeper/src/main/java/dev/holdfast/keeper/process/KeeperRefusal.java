package dev.holdfast.keeper.process;

import dev.holdfast.keeper.protocol.FailureCode;

/** A request that is not done, with the reason as the client will read it. */
public final class KeeperRefusal extends Exception {
  private static final long serialVersionUID = 1L;

  private final FailureCode code;

  public KeeperRefusal(FailureCode code, String message) {
    super(message);
    this.code = code;
  }

  public FailureCode code() {
    return code;
  }
}
