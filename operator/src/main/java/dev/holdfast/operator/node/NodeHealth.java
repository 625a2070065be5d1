package dev.holdfast.operator.node;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * Which nodes are alive: those whose heartbeat changed within the last timeout, by the operator's
 * own clock. The time written in a heartbeat is only compared with itself, because the clocks of
 * two machines need not agree. A heartbeat that was there before the operator counts as fresh when
 * it is first seen.
 */
public final class NodeHealth {
  private record Beat(String renewal, long seenNanos, boolean alive) {}

  private final long timeoutNanos;
  private final LongSupplier nanoClock;
  private final Map<String, Beat> beats = new TreeMap<>();

  /**
   * @param nanoClock as {@link System#nanoTime()}
   */
  public NodeHealth(Duration timeout, LongSupplier nanoClock) {
    this.timeoutNanos = timeout.toNanos();
    this.nanoClock = nanoClock;
  }

  /**
   * Takes note of a heartbeat.
   *
   * @param renewal changes with every heartbeat
   * @return whether the node has become alive by it
   */
  public synchronized boolean heartbeat(String node, String renewal) {
    Beat old = beats.get(node);
    if (old != null && old.renewal().equals(renewal)) {
      return false;
    }
    beats.put(node, new Beat(renewal, nanoClock.getAsLong(), true));
    return old == null || !old.alive();
  }

  /** Forgets a node whose heartbeat object was deleted; returns whether it was alive until now. */
  public synchronized boolean forget(String node) {
    Beat old = beats.remove(node);
    return old != null && old.alive();
  }

  /** Marks the nodes whose last heartbeat is too old; returns those that were alive until now. */
  public synchronized List<String> expire() {
    long now = nanoClock.getAsLong();
    List<String> lost = new ArrayList<>();
    for (Map.Entry<String, Beat> entry : beats.entrySet()) {
      Beat beat = entry.getValue();
      if (beat.alive() && now - beat.seenNanos() > timeoutNanos) {
        entry.setValue(new Beat(beat.renewal(), beat.seenNanos(), false));
        lost.add(entry.getKey());
      }
    }
    return lost;
  }

  public synchronized boolean isHealthy(String node) {
    Beat beat = beats.get(node);
    return beat != null && beat.alive();
  }
}
