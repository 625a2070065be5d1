package dev.holdfast.node.agent;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import dev.holdfast.node.agent.status.Cause;
import dev.holdfast.node.agent.status.InstanceStatus;
import dev.holdfast.node.agent.status.LeaseStatus;
import dev.holdfast.node.agent.status.Reporter;
import dev.holdfast.node.execute.Executor;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.Action;
import dev.holdfast.node.plan.Desired;
import dev.holdfast.node.plan.HostLeases;
import dev.holdfast.node.plan.HostState;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.QemuProcess;
import dev.holdfast.node.plan.Planner;
import dev.holdfast.node.plan.Task;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes one machine at a time as it is wanted and reports on it. */
final class MachineController {
  private static final Logger LOG = LoggerFactory.getLogger(MachineController.class);

  private static final String QEMU_EXITED = "QemuExited";
  private static final String GUEST_CRASHED = "GuestCrashed";

  /** Told when they are counted, each once, however long the status then says so. */
  private static final Set<String> CRASHES =
      Set.of(QEMU_EXITED, GUEST_CRASHED, LeaseStatus.LEASE_LOST);

  /** What makes a start fail is seldom cured by time. */
  static final Duration LONGEST_WAIT = Duration.ofMinutes(5);

  /** To resume a guest costs next to nothing, and somebody waits for it who has just made room. */
  static final Duration LONGEST_WAIT_AFTER_IO_ERROR = Duration.ofMinutes(1);

  /**
   * QEMU does the failed I/O of a resumed guest again at once, so by then it is known whether it
   * works.
   */
  static final Duration TRIAL = Duration.ofSeconds(3);

  private final ControlPlane controlPlane;
  private final Host host;
  private final Executor executor;
  private final Reporter reporter;
  private final LeaseMemory leases;
  private final Backoff<String> afterFailures;
  private final Backoff<String> afterIoErrors;
  private final Clock clock;

  /** The last crash of a machine that was counted, so that each is counted once. */
  private final Map<String, Instant> countedCrashes = new ConcurrentHashMap<>();

  MachineController(
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
    this.afterFailures = new Backoff<>(LONGEST_WAIT, random);
    this.afterIoErrors = new Backoff<>(LONGEST_WAIT_AFTER_IO_ERROR, random);
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
    HostState observed = found.isEmpty() ? host.observe() : host.observe(found.get().getSpec());
    countCrash(uuid, found);
    found.ifPresent(instance -> leases.observed(instance.getSpec(), observed.leases()));
    Desired desired = controlPlane.desired(this::notBefore, leases);
    Desired.Machine machine = desired.machines().get(uuid);
    Instant now = clock.instant();
    Task task = new Planner(desired, observed, now).machine(uuid);
    HostState.Machine state = observed.machines().get(uuid);
    boolean resumes =
        state != null
            && state.guest() == Guest.IO_ERROR
            && task.actions().contains(new Action.Resume(uuid));
    if (resumes) {
      // Told before, because a QEMU that was resumed no longer knows which disk it was.
      found.ifPresent(instance -> report(instance, task, null));
      afterIoErrors.failed(uuid, now, new Cause("IoError", "the guest's disk I/O has failed"));
    }
    HostException failure = execute(task, uuid);
    boolean hasNews = failure != null || (!resumes && endOfTrial(uuid) == null);
    found.filter(instance -> hasNews).ifPresent(instance -> report(instance, task, failure));
    if (task.released() && machine != null && machine.deletedAt() != null) {
      release(uuid);
    }
    return nextLook(desired.machines().get(uuid), uuid, failure, now);
  }

  private @Nullable HostException execute(Task task, String uuid) {
    try {
      executor.execute(task);
      return null;
    } catch (HostException e) {
      if (LeaseMemory.isRefusal(e)) {
        leases.refused(uuid, clock.instant(), e);
      } else {
        afterFailures.failed(uuid, clock.instant(), Cause.of(e));
      }
      LOG.warn("machine {}: {}", uuid, e.getMessage());
      return e;
    }
  }

  private void release(String uuid) {
    controlPlane.machine(uuid).ifPresent(reporter::removeFinalizer);
    afterFailures.forget(uuid);
    afterIoErrors.forget(uuid);
    leases.forget(uuid);
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
    String loss = leases.takeLoss(uuid);
    if (state != null && state.process() instanceof QemuProcess.Exited exited) {
      boolean uncounted = !exited.at().equals(countedCrashes.put(uuid, exited.at()));
      Cause cause =
          loss == null
              ? new Cause(QEMU_EXITED, InstanceStatus.howItEnded(exited))
              : new Cause(LeaseStatus.LEASE_LOST, loss);
      if (uncounted) {
        afterFailures.failed(uuid, exited.at(), cause);
      }
      if (loss != null) {
        // The keeper says why it has killed only after the kernel has said that.
        afterFailures.explain(uuid, cause);
      }
      if (uncounted || loss != null) {
        reporter.event(instance, Reporter.Severity.WARNING, cause.reason(), cause.message());
      }
    } else if (loss != null) {
      afterFailures.explain(uuid, new Cause(LeaseStatus.LEASE_LOST, loss));
      reporter.event(instance, Reporter.Severity.WARNING, LeaseStatus.LEASE_LOST, loss);
    } else if (state != null
        && state.guest() == Guest.CRASHED
        && state.process() instanceof QemuProcess.Running running
        && !running.startedAt().equals(countedCrashes.put(uuid, running.startedAt()))) {
      Cause cause = new Cause(GUEST_CRASHED, "the guest has crashed");
      afterFailures.failed(uuid, clock.instant(), cause);
      reporter.event(instance, Reporter.Severity.WARNING, cause.reason(), cause.message());
    } else if (state == null || state.process() instanceof QemuProcess.None) {
      VirtualMachineInstanceStatus status = instance.getStatus();
      if (status != null && status.processId() != null && !InstanceStatus.isFinal(status.phase())) {
        reporter.event(
            instance,
            Reporter.Severity.WARNING,
            QEMU_EXITED,
            "QEMU (process %d) has ended while nobody watched".formatted(status.processId()));
      }
    }
  }

  private void report(VirtualMachineInstance instance, Task task, @Nullable HostException failure) {
    HostState.Machine state;
    HostLeases held;
    String uuid = instance.getSpec().uuid();
    try {
      state = host.machines().machine(uuid);
      held = host.leases().leases();
      leases.observed(instance.getSpec(), held);
    } catch (HostException e) {
      LOG.warn("machine {}: {}", uuid, e.getMessage());
      return;
    }
    VirtualMachineInstanceStatus before = reporter.status(instance);
    VirtualMachineInstanceStatus after =
        InstanceStatus.of(
            instance,
            before,
            new InstanceStatus.Facts(
                state,
                task.blocked(),
                failure,
                afterFailures.failuresInARow(uuid),
                cause(uuid),
                held),
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
    if (CRASHES.contains(is.reason())) {
      return;
    }
    reporter.event(
        instance,
        good ? Reporter.Severity.NORMAL : Reporter.Severity.WARNING,
        is.reason(),
        is.message());
  }

  private @Nullable Duration nextLook(
      Desired.@Nullable Machine machine,
      String uuid,
      @Nullable HostException failure,
      Instant plannedAt)
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
    if (failure == null && isSettled(uuid)) {
      Instant end = endOfTrial(uuid);
      return end == null ? null : Duration.between(now, end);
    }
    Instant notBefore = notBefore(uuid);
    if (notBefore == null || (failure == null && notBefore.isBefore(plannedAt))) {
      // What it waits for now is not a time.
      return null;
    }
    Duration wait = Duration.between(now, notBefore);
    return wait.compareTo(Duration.ofMillis(100)) < 0 ? Duration.ofMillis(100) : wait;
  }

  /** When the machine may be started or resumed again, or null for at once. */
  @Nullable Instant notBefore(String uuid) {
    return Stream.of(
            afterFailures.notBefore(uuid), afterIoErrors.notBefore(uuid), leases.notBefore(uuid))
        .filter(Objects::nonNull)
        .max(Comparator.naturalOrder())
        .orElse(null);
  }

  /** What it waits for. */
  private @Nullable Cause cause(String uuid) {
    Cause refusal = leases.cause(uuid);
    return refusal == null ? afterFailures.cause(uuid) : refusal;
  }

  /**
   * Until when a guest is on trial that was just resumed after a failure of disk I/O and runs,
   * which may not be for long; null when it is not. Its status stays as it is until that is known,
   * or each try would be news.
   */
  private @Nullable Instant endOfTrial(String uuid) throws HostException {
    HostState.Machine state = host.machines().machine(uuid);
    Instant resumed = afterIoErrors.lastFailed(uuid);
    if (resumed == null
        || state == null
        || state.guest() != Guest.RUNNING
        || controlPlane
            .machine(uuid)
            .map(m -> m.getMetadata().getDeletionTimestamp())
            .isPresent()) {
      return null;
    }
    Instant end = resumed.plus(TRIAL);
    return clock.instant().isBefore(end) ? end : null;
  }

  private boolean isSettled(String uuid) throws HostException {
    HostState.Machine state = host.machines().machine(uuid);
    return state != null
        && state.process() instanceof QemuProcess.Running
        && (state.guest() == Guest.RUNNING || state.guest() == Guest.PAUSED);
  }
}
