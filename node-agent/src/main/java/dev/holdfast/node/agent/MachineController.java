package dev.holdfast.node.agent;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import dev.holdfast.node.execute.Executor;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.Desired;
import dev.holdfast.node.plan.HostState;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.QemuProcess;
import dev.holdfast.node.plan.Planner;
import dev.holdfast.node.plan.Task;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes one machine at a time as it is wanted and reports on it. */
final class MachineController {
  private static final Logger LOG = LoggerFactory.getLogger(MachineController.class);

  private final ControlPlane controlPlane;
  private final Host host;
  private final Executor executor;
  private final Reporter reporter;
  private final Backoff<String> backoff;
  private final Clock clock;

  /** The last crash of a machine that was counted, so that each is counted once. */
  private final Map<String, Instant> countedCrashes = new ConcurrentHashMap<>();

  MachineController(
      ControlPlane controlPlane,
      Host host,
      Executor executor,
      Reporter reporter,
      Backoff<String> backoff,
      Clock clock) {
    this.controlPlane = controlPlane;
    this.host = host;
    this.executor = executor;
    this.reporter = reporter;
    this.backoff = backoff;
    this.clock = clock;
  }

  /**
   * Handles a machine.
   *
   * @return when it must be handled again even if nothing happens, or null
   * @throws HostException when the host could not be read
   */
  @Nullable Duration handle(String uuid) throws HostException {
    Optional<VirtualMachineInstance> found = controlPlane.machine(uuid);
    countCrash(uuid, found);
    Desired desired = controlPlane.desired(backoff::notBefore);
    Desired.Machine machine = desired.machines().get(uuid);
    HostState observed = machine == null ? host.observe() : host.observe(machine.spec());
    Instant now = clock.instant();
    Task task = new Planner(desired, observed, now).machine(uuid);
    HostException failure = execute(task, uuid);
    HostState.Machine state = observed.machines().get(uuid);
    if (state != null && state.guest() == Guest.IO_ERROR && !task.actions().isEmpty()) {
      // Resumed once more; if the host still cannot do the I/O, the next try waits longer.
      backoff.failed(uuid, now, new Backoff.Cause("IoError", "the guest's disk I/O failed again"));
    }
    found.ifPresent(instance -> report(instance, task, failure));
    if (task.released() && machine != null && machine.deletedAt() != null) {
      release(uuid);
    }
    return nextLook(desired.machines().get(uuid), uuid, failure);
  }

  private @Nullable HostException execute(Task task, String uuid) {
    try {
      executor.execute(task);
      return null;
    } catch (HostException e) {
      backoff.failed(uuid, clock.instant(), InstanceStatus.cause(e));
      LOG.warn("machine {}: {}", uuid, e.getMessage());
      return e;
    }
  }

  private void release(String uuid) {
    controlPlane.machine(uuid).ifPresent(reporter::removeFinalizer);
    backoff.forget(uuid);
    countedCrashes.remove(uuid);
  }

  /**
   * A QEMU that ended without being asked to is a failure, also if it was killed while the agent
   * was away.
   */
  private void countCrash(String uuid, Optional<VirtualMachineInstance> found)
      throws HostException {
    if (found.isEmpty() || found.get().getMetadata().getDeletionTimestamp() != null) {
      return;
    }
    VirtualMachineInstance instance = found.get();
    HostState.Machine state = host.machines().machine(uuid);
    if (state != null && state.process() instanceof QemuProcess.Exited exited) {
      if (!exited.at().equals(countedCrashes.put(uuid, exited.at()))) {
        Backoff.Cause cause = new Backoff.Cause("QemuExited", InstanceStatus.howItEnded(exited));
        backoff.failed(uuid, exited.at(), cause);
        reporter.event(instance, Reporter.Severity.WARNING, cause.reason(), cause.message());
      }
    } else if (state != null
        && state.guest() == Guest.CRASHED
        && state.process() instanceof QemuProcess.Running running
        && !running.startedAt().equals(countedCrashes.put(uuid, running.startedAt()))) {
      Backoff.Cause cause = new Backoff.Cause("GuestCrashed", "the guest has crashed");
      backoff.failed(uuid, clock.instant(), cause);
      reporter.event(instance, Reporter.Severity.WARNING, cause.reason(), cause.message());
    } else if (state == null || state.process() instanceof QemuProcess.None) {
      VirtualMachineInstanceStatus status = instance.getStatus();
      if (status != null && status.processId() != null && !InstanceStatus.isFinal(status.phase())) {
        reporter.event(
            instance,
            Reporter.Severity.WARNING,
            "QemuExited",
            "QEMU (process %d) has ended while nobody watched".formatted(status.processId()));
      }
    }
  }

  private void report(VirtualMachineInstance instance, Task task, @Nullable HostException failure) {
    HostState.Machine state;
    String uuid = instance.getSpec().uuid();
    try {
      state = host.machines().machine(uuid);
    } catch (HostException e) {
      LOG.warn("machine {}: {}", uuid, e.getMessage());
      return;
    }
    VirtualMachineInstanceStatus before = instance.getStatus();
    VirtualMachineInstanceStatus after =
        InstanceStatus.of(
            instance,
            new InstanceStatus.Facts(
                state, task.blocked(), failure, backoff.failuresInARow(uuid), backoff.cause(uuid)),
            clock.instant());
    if (reporter.writeStatus(instance, after)) {
      announce(instance, before, after);
    }
  }

  private void announce(
      VirtualMachineInstance instance,
      @Nullable VirtualMachineInstanceStatus before,
      VirtualMachineInstanceStatus after) {
    Condition was = before == null ? null : Condition.find(before.conditions(), Condition.READY);
    Condition is = Condition.find(after.conditions(), Condition.READY);
    if (is == null || (was != null && was.reason().equals(is.reason()))) {
      boolean restarted =
          before != null
              && after.phase() == Phase.RUNNING
              && before.restarts() != null
              && !before.restarts().equals(after.restarts());
      if (restarted) {
        reporter.event(instance, Reporter.Severity.NORMAL, "Restarted", "QEMU was started again");
      }
      return;
    }
    boolean good =
        is.status().equals(Condition.TRUE)
            || after.phase() == Phase.STOPPING
            || after.phase() == Phase.STARTING
            || is.reason().equals("Pausing")
            || is.reason().equals("Resuming");
    reporter.event(
        instance,
        good ? Reporter.Severity.NORMAL : Reporter.Severity.WARNING,
        is.reason(),
        is.message());
  }

  private @Nullable Duration nextLook(
      Desired.@Nullable Machine machine, String uuid, @Nullable HostException failure)
      throws HostException {
    Instant now = clock.instant();
    if (machine == null) {
      return failure == null ? null : Duration.ofSeconds(5);
    }
    if (machine.deletedAt() != null) {
      return host.machines().machine(uuid) == null && failure == null
          ? null
          : Duration.ofSeconds(1);
    }
    Instant notBefore = backoff.notBefore(uuid);
    if (notBefore != null && (failure != null || !isSettled(uuid))) {
      Duration wait = Duration.between(now, notBefore);
      return wait.compareTo(Duration.ofMillis(100)) < 0 ? Duration.ofMillis(100) : wait;
    }
    return null;
  }

  private boolean isSettled(String uuid) throws HostException {
    HostState.Machine state = host.machines().machine(uuid);
    return state != null
        && state.process() instanceof QemuProcess.Running
        && (state.guest() == Guest.RUNNING || state.guest() == Guest.PAUSED);
  }
}
