package dev.holdfast.node.agent;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus.Phase;
import dev.holdfast.node.agent.status.Cause;
import dev.holdfast.node.agent.status.InstanceStatus;
import dev.holdfast.node.agent.status.Reporter;
import dev.holdfast.node.execute.Executor;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.plan.Desired;
import dev.holdfast.node.plan.HostState;
import dev.holdfast.node.plan.Planner;
import dev.holdfast.node.plan.Task;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes one disk image at a time as it is wanted and reports on it. */
final class DiskController {
  private static final Logger LOG = LoggerFactory.getLogger(DiskController.class);

  /** Where it fails for want of room, somebody waits for it to be seen that there is room again. */
  static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

  private final ControlPlane controlPlane;
  private final Host host;
  private final Executor executor;
  private final Reporter reporter;
  private final LeaseMemory leases;
  private final Backoff<String> backoff;
  private final Clock clock;

  DiskController(
      ControlPlane controlPlane,
      Host host,
      Executor executor,
      Reporter reporter,
      LeaseMemory leases,
      RandomGenerator random,
      Clock clock) {
    this.controlPlane = controlPlane;
    this.host = host;
    this.executor = executor;
    this.reporter = reporter;
    this.leases = leases;
    this.backoff = new Backoff<>(LONGEST_WAIT, random);
    this.clock = clock;
  }

  /**
   * Handles the disk with its image at that path.
   *
   * @return when it must be handled again even if nothing happens, or null
   */
  @Nullable Duration handle(String path) {
    VirtualDiskInstance instance = controlPlane.disk(path).orElse(null);
    Desired desired = controlPlane.desired(uuid -> null, leases);
    Desired.Disk disk = desired.disks().get(path);
    if (instance == null || disk == null) {
      backoff.forget(path);
      return null;
    }
    Instant now = clock.instant();
    Instant notBefore = backoff.notBefore(path);
    if (notBefore != null && now.isBefore(notBefore) && !disk.deleted()) {
      // Woken by something else, such as its own status, which must not make it try again.
      return Duration.between(now, notBefore);
    }
    Task task = null;
    HostException failure = null;
    try {
      HostState observed = host.observe(disk);
      task = new Planner(desired, observed, now).disk(path);
      executor.execute(task);
      backoff.forget(path);
    } catch (HostException e) {
      LOG.warn("disk {}: {}", path, e.getMessage());
      failure = e;
    }
    if (task != null && task.released()) {
      reporter.removeFinalizer(instance);
      return null;
    }
    report(instance, disk, task == null ? null : task.blocked(), failure);
    if (failure == null) {
      return disk.deleted() ? Duration.ofSeconds(1) : null;
    }
    Duration wait = Duration.between(now, backoff.failed(path, now, Cause.of(failure)));
    return wait.plusSeconds(1);
  }

  private void report(
      VirtualDiskInstance instance,
      Desired.Disk disk,
      Task.@Nullable Blocked blocked,
      @Nullable HostException failure) {
    long generation = instance.getMetadata().getGeneration();
    VirtualDiskInstanceStatus before = reporter.status(instance);
    Conditions conditions =
        new Conditions(before == null ? null : before.conditions(), generation, clock.instant());
    Phase phase;
    if (failure != null) {
      conditions.add(Condition.READY, false, failure.reason(), InstanceStatus.message(failure));
      phase = Phase.FAILED;
    } else if (blocked != null) {
      conditions.add(Condition.READY, false, blocked.reason(), blocked.message());
      if (disk.deleted()) {
        phase = Phase.DELETING;
      } else if (blocked.reason().equals(LeaseHost.LOCKSPACE_NOT_READY)) {
        phase = Phase.PENDING;
      } else {
        // A failure is tried again and may pass; this does not.
        conditions.add(Condition.STALLED, true, blocked.reason(), blocked.message());
        phase = Phase.FAILED;
      }
    } else if (disk.deleted()) {
      conditions.add(Condition.READY, false, "Deleting", "the image is being deleted");
      phase = Phase.DELETING;
    } else {
      conditions.add(Condition.READY, true, "Ready", "the image is there");
      phase = Phase.READY;
    }
    List<Condition> list = conditions.toList();
    String createdAt = before == null ? null : before.createdAt();
    if (createdAt == null && phase == Phase.READY) {
      createdAt = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    }
    if (reporter.writeStatus(
        instance, new VirtualDiskInstanceStatus(generation, phase, createdAt, list))) {
      Condition was = before == null ? null : Condition.find(before.conditions(), Condition.READY);
      Condition is = list.getFirst();
      if (was == null || !was.reason().equals(is.reason())) {
        boolean bad = phase == Phase.FAILED;
        reporter.event(
            instance,
            bad ? Reporter.Severity.WARNING : Reporter.Severity.NORMAL,
            is.reason(),
            is.message());
      }
    }
  }
}
