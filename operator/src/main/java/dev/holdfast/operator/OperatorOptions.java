package dev.holdfast.operator;

import dev.holdfast.operator.placement.Overcommit;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How the operator works.
 *
 * @param leaderLease how long leadership lasts that is not renewed, from 1 s, where several
 *     operators may run, of which one works at a time; renewed after two fifteenths of it, given up
 *     after two thirds, as kube-controller-manager does; null where this operator works alone
 * @param overcommit how much more than a node has is given to machines
 * @param nodeTimeout a node whose agent gave no sign of life for that long is lost
 * @param firstUid lowest user id that QEMU runs as, from 1000
 * @param workers reconciliations at the same time, from 1
 * @param retryInterval before a failed reconciliation is tried again for the first time
 * @param longestRetryInterval to which the interval doubles
 * @param terminationTimeout for reconciliations that are under way when the operator is closed
 */
public record OperatorOptions(
    @Nullable Duration leaderLease,
    Overcommit overcommit,
    Duration nodeTimeout,
    int firstUid,
    int workers,
    Duration retryInterval,
    Duration longestRetryInterval,
    Duration terminationTimeout) {
  /**
   * A killed operator is made good by its next start, which waits until the lease has run out:
   * shorter than kube-controller-manager's 15 s, because until then no status is right.
   */
  public static final Duration LEADER_LEASE = Duration.ofSeconds(6);

  public OperatorOptions {
    if (leaderLease != null && leaderLease.compareTo(Duration.ofSeconds(1)) < 0) {
      throw new IllegalArgumentException(
          "the leader's lease must last at least 1 s, not " + leaderLease);
    }
    if (firstUid < 1000) {
      throw new IllegalArgumentException(
          "the first user id must be at least 1000, not "
              + firstUid
              + ": lower ones belong to the system");
    }
    if (workers < 1) {
      throw new IllegalArgumentException("at least one worker is needed, not " + workers);
    }
    if (!nodeTimeout.isPositive()) {
      throw new IllegalArgumentException("the node timeout must be positive, not " + nodeTimeout);
    }
  }

  public static OperatorOptions defaults() {
    return new OperatorOptions(
        null,
        new Overcommit(4.0, 1.0, 256L << 20),
        Duration.ofSeconds(40),
        200_000,
        16,
        Duration.ofMillis(200),
        Duration.ofSeconds(30),
        Duration.ofSeconds(15));
  }

  public OperatorOptions withLeaderLease(Duration value) {
    return new OperatorOptions(
        value,
        overcommit,
        nodeTimeout,
        firstUid,
        workers,
        retryInterval,
        longestRetryInterval,
        terminationTimeout);
  }

  public OperatorOptions withOvercommit(Overcommit value) {
    return new OperatorOptions(
        leaderLease,
        value,
        nodeTimeout,
        firstUid,
        workers,
        retryInterval,
        longestRetryInterval,
        terminationTimeout);
  }

  public OperatorOptions withNodeTimeout(Duration value) {
    return new OperatorOptions(
        leaderLease,
        overcommit,
        value,
        firstUid,
        workers,
        retryInterval,
        longestRetryInterval,
        terminationTimeout);
  }
}
