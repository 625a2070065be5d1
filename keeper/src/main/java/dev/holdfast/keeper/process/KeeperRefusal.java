package dev.holdfast.keeper.process;

import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.lease.LeaseHolder;
import org.jspecify.annotations.Nullable;

/** A request that is not done, with the reason as the client will read it. */
public final class KeeperRefusal extends Exception {
  private static final long serialVersionUID = 1L;

  private final FailureCode code;
  private final transient @Nullable LeaseHolder holder;

  public KeeperRefusal(FailureCode code, String message, @Nullable LeaseHolder holder) {
    super(message);
    this.code = code;
    this.holder = holder;
  }

  public KeeperRefusal(FailureCode code, String message) {
    this(code, message, null);
  }

  public FailureCode code() {
    return code;
  }

  public @Nullable LeaseHolder holder() {
    return holder;
  }
}
