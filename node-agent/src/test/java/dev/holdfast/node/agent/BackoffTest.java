package dev.holdfast.node.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.node.agent.status.Cause;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private static final Duration LONGEST = Duration.ofMinutes(5);

  private final Backoff<String> backoff = new Backoff<>(LONGEST, new Random(1));
  private final Cause cause = new Cause("QemuFailed", "it said no");
  private final Instant start = Instant.ofEpochSecond(1_000_000);

  @Test
  void retriesTheFirstFailureAtOnce() {
    assertThat(backoff.failed("vm", start, cause)).isEqualTo(start);
  }

  @Test
  void waitsLongerAfterEachFailureUpToTheLongest() {
    backoff.failed("vm", start, cause);
    Duration previous = Duration.ZERO;
    for (int i = 0; i < 20; i++) {
      Duration wait = Duration.between(start, backoff.failed("vm", start, cause));
      Duration longest = LONGEST.plus(LONGEST.dividedBy(4));
      assertThat(wait).isBetween(previous.dividedBy(2), longest);
      previous = wait;
    }
    assertThat(previous).isGreaterThanOrEqualTo(LONGEST);
  }

  @Test
  void startsOverAfterALongTimeWithoutFailure() {
    for (int i = 0; i < 5; i++) {
      backoff.failed("vm", start, cause);
    }
    Instant later = start.plus(Backoff.FORGIVEN_AFTER).plusSeconds(1);
    assertThat(backoff.failed("vm", later, cause)).isEqualTo(later);
    assertThat(backoff.failuresInARow("vm")).isEqualTo(1);
  }

  @Test
  void remembersWhatFailedLast() {
    backoff.failed("vm", start, new Cause("QemuExited", "killed"));
    backoff.failed("vm", start, cause);
    assertThat(backoff.cause("vm")).isEqualTo(cause);
  }

  @Test
  void keepsKeysApart() {
    backoff.failed("a", start, cause);
    assertThat(backoff.notBefore("b")).isNull();
    backoff.forget("a");
    assertThat(backoff.notBefore("a")).isNull();
  }
}
