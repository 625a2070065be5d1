package dev.holdfast.operator.node;

import dev.holdfast.operator.cache.Watched;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Follows the nodes' heartbeats and tells when a node is lost or back. */
public final class NodeMonitor implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeMonitor.class);

  private final Watched<Lease> heartbeats;
  private final NodeHealth health;
  private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();
  private final ScheduledFuture<?> expiry;

  /**
   * @param interval how often lost nodes are looked for, a small part of the health timeout
   */
  public NodeMonitor(
      Watched<Lease> heartbeats,
      NodeHealth health,
      ScheduledExecutorService scheduler,
      Duration interval) {
    this.heartbeats = heartbeats;
    this.health = health;
    heartbeats.onChange(
        (before, after) -> {
          if (after != null) {
            beat(after);
          } else if (before != null && health.forget(before.getMetadata().getName())) {
            changed(before.getMetadata().getName());
          }
        });
    expiry =
        scheduler.scheduleAtFixedRate(
            this::expire, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Counts the heartbeats that are there, so that the first decisions are not made without. */
  public void start() {
    heartbeats.all().forEach(this::beat);
  }

  public boolean isHealthy(String node) {
    return health.isHealthy(node);
  }

  /** Called with the name of a node that is lost or back. */
  public void onChange(Consumer<String> listener) {
    listeners.add(listener);
  }

  @Override
  public void close() {
    expiry.cancel(false);
  }

  private void beat(Lease heartbeat) {
    String node = heartbeat.getMetadata().getName();
    String renewal = heartbeat.getSpec() == null ? "" : "" + heartbeat.getSpec().getRenewTime();
    if (health.heartbeat(node, renewal)) {
      changed(node);
    }
  }

  private void expire() {
    for (String node : health.expire()) {
      LOG.warn("node {} is lost: its agent's heartbeat is too old", node);
      changed(node);
    }
  }

  private void changed(String node) {
    listeners.forEach(listener -> listener.accept(node));
  }
}
