package dev.holdfast.keeper.client;

import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.lease.LeaseHolder;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The keeper refused a request; the connection is fine. Every other {@link IOException} of the
 * client means that it is not.
 */
public final class KeeperException extends IOException {
  private static final long serialVersionUID = 1L;

  private final FailureCode code;
  private final transient @Nullable LeaseHolder holder;

  KeeperException(FailureCode code, String message, @Nullable LeaseHolder holder) {
    super(message);
    this.code = code;
    this.holder = holder;
  }

  public FailureCode code() {
    return code;
  }

  /** Who has the lease, where that is the reason and somebody is known. */
  public Optional<LeaseHolder> holder() {
    return Optional.ofNullable(holder);
  }
}
