package dev.holdfast.node.agent;

import dev.holdfast.node.agent.status.Cause;
import dev.holdfast.node.execute.Executor;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.Planner;
import dev.holdfast.node.plan.Task;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has this host be in the lockspaces of its pools. */
final class LockspaceController {
  private static final Logger LOG = LoggerFactory.getLogger(LockspaceController.class);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  private final ControlPlane controlPlane;
  private final Host host;
  private final Executor executor;
  private final LeaseMemory leases;
  private final Backoff<String> backoff;
  private final Clock clock;

  LockspaceController(
      ControlPlane controlPlane,
      Host host,
      Executor executor,
      LeaseMemory leases,
      RandomGenerator random,
      Clock clock) {
    this.controlPlane = controlPlane;
    this.host = host;
    this.executor = executor;
    this.leases = leases;
    this.backoff = new Backoff<>(LONGEST_WAIT, random);
    this.clock = clock;
  }

  /**
   * Handles the lockspace with that name.
   *
   * @return when it must be handled again even if nothing happens, or null
   */
  @Nullable Duration handle(String name) throws HostException {
    Instant now = clock.instant();
    Instant notBefore = backoff.notBefore(name);
    if (notBefore != null && now.isBefore(notBefore)) {
      return Duration.between(now, notBefore);
    }
    Task task =
        new Planner(controlPlane.desired(uuid -> null, leases), host.observe(), now)
            .lockspace(name);
    try {
      executor.execute(task);
      Task.Blocked blocked = task.blocked();
      if (blocked == null) {
        backoff.forget(name);
        return null;
      }
      return wait(name, now, new Cause(blocked.reason(), blocked.message()));
    } catch (HostException e) {
      LOG.warn("lockspace {}: {}", name, e.getMessage());
      return wait(name, now, Cause.of(e));
    }
  }

  private Duration wait(String name, Instant now, Cause cause) {
    Duration wait = Duration.between(now, backoff.failed(name, now, cause));
    return wait.isZero() ? Duration.ofSeconds(1) : wait;
  }

  /** Why the lockspace could not be joined or left, or null. */
  @Nullable Cause failure(String name) {
    return backoff.cause(name);
  }
}
