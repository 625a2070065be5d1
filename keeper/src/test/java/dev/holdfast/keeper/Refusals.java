package dev.holdfast.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.keeper.client.KeeperException;
import dev.holdfast.keeper.protocol.FailureCode;
import java.io.IOException;

/** What a keeper answers when it does not do what it was asked for. */
final class Refusals {
  private Refusals() {}

  /** Something that is asked of a keeper. */
  interface Call {
    void run() throws IOException;
  }

  static void assertRefused(FailureCode code, Call call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            KeeperException.class, failure -> assertThat(failure.code()).isEqualTo(code));
  }
}
