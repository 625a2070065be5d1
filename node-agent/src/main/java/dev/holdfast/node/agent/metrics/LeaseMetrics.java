package dev.holdfast.node.agent.metrics;

import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.host.LeaseHost.Renewals;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the host ids of this node are renewed, for each lockspace. Names follow Prometheus: seconds
 * as the unit, {@code _total} for what only grows.
 */
public final class LeaseMetrics {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseMetrics.class);

  /** Prometheus itself waits 10 s. */
  private static final Duration PATIENCE = Duration.ofSeconds(3);

  private static final String PREFIX = "holdfast.lockspace.";

  private final LeaseHost leases;
  private final InstantSource clock;
  private final Map<String, Lockspace> lockspaces = new HashMap<>();
  private @Nullable FutureTask<List<Renewals>> asked;
  private volatile boolean reachable;

  public LeaseMetrics(LeaseHost leases, InstantSource clock) {
    this.leases = leases;
    this.clock = clock;
  }

  /** A lockspace and its meters. */
  private static final class Lockspace {
    private volatile Renewals now;
    private List<Meter> meters = List.of();

    private Lockspace(Renewals now) {
      this.now = now;
    }
  }

  void bind(MeterRegistry registry) {
    Gauge.builder("holdfast.keeper.up", () -> reachable ? 1 : 0)
        .description("Whether the keeper has answered; if not, the rest is as it was before")
        .register(registry);
  }

  /** Asks the keeper. Where it does not answer soon, what it said last stays, and grows old. */
  synchronized void refresh(MeterRegistry registry) {
    List<Renewals> current;
    try {
      current = ask();
      reachable = true;
    } catch (ExecutionException | TimeoutException failure) {
      LOG.debug("the keeper does not say how leases are renewed", failure);
      reachable = false;
      return;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return;
    }
    Map<String, Lockspace> gone = new HashMap<>(lockspaces);
    for (Renewals each : current) {
      Lockspace known = gone.remove(each.lockspace());
      if (known == null) {
        known = new Lockspace(each);
        known.meters = meters(known, registry);
        lockspaces.put(each.lockspace(), known);
      }
      known.now = each;
    }
    gone.forEach(
        (name, lockspace) -> {
          lockspace.meters.forEach(registry::remove);
          lockspaces.remove(name);
        });
  }

  /** The keeper may hang, and is not asked twice at a time. */
  private List<Renewals> ask() throws ExecutionException, TimeoutException, InterruptedException {
    FutureTask<List<Renewals>> question = asked;
    if (question == null) {
      question = new FutureTask<>(leases::renewals);
      asked = question;
      Thread.ofVirtual().start(question);
    }
    try {
      return question.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } finally {
      if (question.isDone()) {
        asked = null;
      }
    }
  }

  private List<Meter> meters(Lockspace of, MeterRegistry registry) {
    Tags tags = Tags.of("lockspace", of.now.lockspace());
    return List.of(
        counter("renewals", of, Renewals::renewals, "Renewals that succeeded", tags, registry),
        counter("renewal.failures", of, Renewals::failures, "Renewals that failed", tags, registry),
        gauge(
            "renewal.latency",
            "seconds",
            of,
            each -> seconds(each.lastLatency()),
            "How long the last renewal took that succeeded",
            tags,
            registry),
        gauge(
            "renewal.latency.longest",
            "seconds",
            of,
            each -> seconds(each.longestLatency()),
            "How long the longest renewal took that succeeded",
            tags,
            registry),
        gauge(
            "renewal.age",
            "seconds",
            of,
            this::age,
            "Time since the last renewal that succeeded; machines are killed when it is 8 times the"
                + " I/O timeout",
            tags,
            registry),
        gauge(
            "live",
            null,
            of,
            each -> each.live() ? 1 : 0,
            "Whether leases may be acquired",
            tags,
            registry),
        gauge(
            "fencing.level",
            null,
            of,
            Renewals::fencingLevel,
            "What stops machines without a lease: 1 the keeper, 2 the kernel, 3 a watchdog",
            tags,
            registry));
  }

  private double age(Renewals renewals) {
    Instant last = renewals.lastRenewal();
    return last == null ? Double.NaN : seconds(Duration.between(last, clock.instant()));
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  private static Meter counter(
      String name,
      Lockspace of,
      ToDoubleFunction<Renewals> value,
      String description,
      Tags tags,
      MeterRegistry registry) {
    return FunctionCounter.builder(PREFIX + name, of, each -> value.applyAsDouble(each.now))
        .description(description)
        .tags(tags)
        .register(registry);
  }

  private static Meter gauge(
      String name,
      @Nullable String unit,
      Lockspace of,
      ToDoubleFunction<Renewals> value,
      String description,
      Tags tags,
      MeterRegistry registry) {
    return Gauge.builder(PREFIX + name, of, each -> value.applyAsDouble(each.now))
        .baseUnit(unit)
        .description(description)
        .tags(tags)
        .register(registry);
  }
}
