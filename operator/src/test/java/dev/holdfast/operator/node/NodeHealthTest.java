package dev.holdfast.operator.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class NodeHealthTest {
  private final AtomicLong nanos = new AtomicLong();
  private final NodeHealth health = new NodeHealth(Duration.ofSeconds(40), nanos::get);

  @Test
  void aNodeWithoutHeartbeatIsNotHealthy() {
    assertThat(health.isHealthy("a")).isFalse();
  }

  @Test
  void aNodeIsHealthyUntilItsHeartbeatDoesNotChangeForTheTimeout() {
    assertThat(health.heartbeat("a", "1")).isTrue();
    pass(40);
    assertThat(health.expire()).isEmpty();
    assertThat(health.isHealthy("a")).isTrue();
    pass(1);
    assertThat(health.expire()).containsExactly("a");
    assertThat(health.isHealthy("a")).isFalse();
    assertThat(health.expire()).as("told once").isEmpty();
  }

  @Test
  void onlyARenewedHeartbeatCounts() {
    health.heartbeat("a", "1");
    pass(30);
    assertThat(health.heartbeat("a", "1")).isFalse();
    pass(11);
    assertThat(health.expire()).containsExactly("a");
  }

  @Test
  void aLostNodeIsHealthyAgainAfterAHeartbeat() {
    health.heartbeat("a", "1");
    pass(41);
    assertThat(health.expire()).containsExactly("a");
    assertThat(health.heartbeat("a", "2")).isTrue();
    assertThat(health.isHealthy("a")).isTrue();
    assertThat(health.heartbeat("a", "3")).as("no news").isFalse();
  }

  @Test
  void aDeletedHeartbeatIsALostNode() {
    health.heartbeat("a", "1");
    assertThat(health.forget("a")).isTrue();
    assertThat(health.isHealthy("a")).isFalse();
    assertThat(health.forget("a")).isFalse();
  }

  private void pass(int seconds) {
    nanos.addAndGet(Duration.ofSeconds(seconds).toNanos());
  }
}
