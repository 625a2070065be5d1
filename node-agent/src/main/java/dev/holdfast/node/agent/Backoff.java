package dev.holdfast.node.agent;

import dev.holdfast.node.agent.status.Cause;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Remembers how often something failed in a row and when it may be tried again: at once after the
 * first failure, then after 1, 2, 4 ... seconds, at most the longest wait, with up to a quarter
 * more by chance so that many do not retry together. Something that did not fail for {@link
 * #FORGIVEN_AFTER} starts over.
 */
final class Backoff<K> {
  static final Duration FORGIVEN_AFTER = Duration.ofMinutes(10);

  private record Failures(int inARow, Instant last, Instant notBefore, Cause cause) {}

  private final Map<K, Failures> failures = new ConcurrentHashMap<>();
  private final Duration longest;
  private final RandomGenerator random;

  /**
   * @param longest wait before the next try, not counting what chance adds
   */
  Backoff(Duration longest, RandomGenerator random) {
    this.longest = longest;
    this.random = random;
  }

  /** Notes a failure and returns when the next try is due. */
  Instant failed(K key, Instant now, Cause cause) {
    Failures updated =
        failures.merge(
            key,
            new Failures(1, now, now, cause),
            (old, first) ->
                old.last().plus(FORGIVEN_AFTER).isBefore(now)
                    ? first
                    : new Failures(
                        old.inARow() + 1, now, now.plus(delay(old.inARow() + 1)), cause));
    return updated.notBefore();
  }

  /** When the next try is due, or null when nothing failed. */
  @Nullable Instant notBefore(K key) {
    Failures found = failures.get(key);
    return found == null ? null : found.notBefore();
  }

  /** When it failed last, or null when nothing did. */
  @Nullable Instant lastFailed(K key) {
    Failures found = failures.get(key);
    return found == null ? null : found.last();
  }

  /** What failed last, or null when nothing did. */
  @Nullable Cause cause(K key) {
    Failures found = failures.get(key);
    return found == null ? null : found.cause();
  }

  /** How often it failed in a row. */
  int failuresInARow(K key) {
    Failures found = failures.get(key);
    return found == null ? 0 : found.inARow();
  }

  /** Says better why something failed last; does nothing where nothing did. */
  void explain(K key, Cause cause) {
    failures.computeIfPresent(
        key, (k, old) -> new Failures(old.inARow(), old.last(), old.notBefore(), cause));
  }

  void forget(K key) {
    failures.remove(key);
  }

  private Duration delay(int inARow) {
    long seconds = 1L << Math.min(inARow - 2, 20);
    Duration plain = Duration.ofSeconds(Math.min(seconds, longest.toSeconds()));
    return plain.plusMillis(random.nextLong(plain.toMillis() / 4 + 1));
  }
}
