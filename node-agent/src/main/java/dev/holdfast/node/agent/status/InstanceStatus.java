package dev.holdfast.node.agent.status;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.HostLeases;
import dev.holdfast.node.plan.HostState;
import dev.holdfast.node.plan.HostState.FailedDisk;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.QemuProcess;
import dev.holdfast.node.plan.Task;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Turns what is known of a machine into its status. A pure function of its arguments. */
public final class InstanceStatus {
  private InstanceStatus() {}

  /**
   * What is known of a machine after it was handled.
   *
   * @param state what the host shows, or null for nothing
   * @param blocked why it could not go on, or null
   * @param failure what failed, or null
   * @param failuresInARow how often it has failed
   * @param cause what failed last, or null
   * @param leases what the host shows of leases
   */
  public record Facts(
      HostState.@Nullable Machine state,
      Task.@Nullable Blocked blocked,
      @Nullable HostException failure,
      int failuresInARow,
      @Nullable Cause cause,
      HostLeases leases) {

    /** Of a machine without leases. */
    public Facts(
        HostState.@Nullable Machine state,
        Task.@Nullable Blocked blocked,
        @Nullable HostException failure,
        int failuresInARow,
        @Nullable Cause cause) {
      this(state, blocked, failure, failuresInARow, cause, HostLeases.NONE);
    }

    /** Why the machine does not get on, as far as it is about leases. */
    private Optional<Cause> leaseObstacle() {
      if (failure != null) {
        return LeaseStatus.aboutLeases(Cause.of(failure));
      }
      Optional<Cause> obstacle =
          LeaseStatus.aboutLeases(
              blocked == null ? null : new Cause(blocked.reason(), blocked.message()));
      return obstacle.or(() -> LeaseStatus.aboutLeases(cause));
    }
  }

  private record Verdict(Phase phase, boolean ready, String reason, String message) {}

  /** Whether a machine in that phase has ended for good. */
  public static boolean isFinal(@Nullable Phase phase) {
    return phase == Phase.SUCCEEDED || phase == Phase.FAILED;
  }

  /**
   * The status of an instance; equal to the one before where there is nothing new.
   *
   * @param before the status that was written last, or null
   */
  public static VirtualMachineInstanceStatus of(
      VirtualMachineInstance instance,
      @Nullable VirtualMachineInstanceStatus before,
      Facts facts,
      Instant now) {
    HostState.Machine state = facts.state();
    LeaseStatus leases = new LeaseStatus(instance.getSpec(), state, facts.leases());
    Verdict verdict =
        leases
            .stuck()
            .map(message -> new Verdict(Phase.UNKNOWN, false, "ProcessStuck", message))
            .orElseGet(() -> verdict(instance, before, facts));
    Conditions conditions =
        new Conditions(
                before == null ? null : before.conditions(),
                instance.getMetadata().getGeneration(),
                now)
            .add(Condition.READY, verdict.ready(), verdict.reason(), verdict.message());
    leases.addTo(conditions, facts.leaseObstacle().orElse(null));
    String startTime = before == null ? null : before.startTime();
    Integer restarts = before == null ? null : before.restarts();
    Long processId = null;
    String qemuVersion = before == null ? null : before.qemuVersion();
    if (state != null && state.process() instanceof QemuProcess.Running running) {
      String started = running.startedAt().truncatedTo(ChronoUnit.SECONDS).toString();
      Long lastProcess = before == null ? null : before.processId();
      if (startTime == null) {
        restarts = 0;
      } else if (lastProcess == null
          ? !started.equals(startTime)
          : lastProcess != running.processId()) {
        restarts = (restarts == null ? 0 : restarts) + 1;
      }
      startTime = started;
      processId = running.processId();
      qemuVersion = running.qemuVersion() == null ? qemuVersion : running.qemuVersion();
    }
    return new VirtualMachineInstanceStatus(
        instance.getMetadata().getGeneration(),
        verdict.phase(),
        startTime,
        restarts,
        processId,
        qemuVersion,
        leases.held(before),
        conditions.toList());
  }

  private static Verdict verdict(
      VirtualMachineInstance instance, @Nullable VirtualMachineInstanceStatus before, Facts facts) {
    Phase phaseBefore = before == null ? null : before.phase();
    HostState.Machine state = facts.state();
    HostException failure = facts.failure();
    boolean running = state != null && state.process() instanceof QemuProcess.Running;
    if (instance.getMetadata().getDeletionTimestamp() != null) {
      return new Verdict(
          Phase.STOPPING,
          false,
          failure == null ? "Stopping" : failure.reason(),
          failure == null ? "the machine is being shut down" : message(failure));
    }
    if (state != null && running) {
      return ofRunning(instance.getSpec(), state, facts);
    }
    if (phaseBefore != null && before != null && isFinal(phaseBefore)) {
      Condition ready = Condition.find(before.conditions(), Condition.READY);
      return new Verdict(
          phaseBefore,
          phaseBefore == Phase.SUCCEEDED,
          ready == null ? "Ended" : ready.reason(),
          ready == null ? "the machine has ended" : ready.message());
    }
    return ofStopped(instance.getSpec(), before, facts);
  }

  private static Verdict ofRunning(
      VirtualMachineInstanceSpec spec, HostState.Machine state, Facts facts) {
    HostException failure = facts.failure();
    RestartPolicy policy = spec.restartPolicy();
    boolean paused = spec.paused();
    return switch (state.guest()) {
      case RUNNING ->
          paused
              ? new Verdict(
                  Phase.RUNNING,
                  false,
                  reason(failure, "Pausing"),
                  message(failure, "the machine is being paused"))
              : new Verdict(Phase.RUNNING, true, "Running", "QEMU runs the guest");
      case PAUSED, PRELAUNCH -> paused ? asPaused() : resuming(state, facts);
      case IO_ERROR -> paused ? asPaused() : stoppedByDisks(spec, state.failedDisks());
      case SHUTDOWN ->
          policy == RestartPolicy.ALWAYS
              ? new Verdict(
                  Phase.STARTING,
                  false,
                  "GuestShutdown",
                  "the guest has shut down and is started again")
              : new Verdict(Phase.SUCCEEDED, true, "GuestShutdown", "the guest has shut down");
      case CRASHED ->
          policy == RestartPolicy.NEVER
              ? new Verdict(Phase.FAILED, false, "GuestCrashed", "the guest has crashed")
              : new Verdict(
                  Phase.CRASH_LOOP_BACK_OFF,
                  false,
                  "GuestCrashed",
                  "the guest has crashed and is started again");
      case UNKNOWN ->
          new Verdict(
              Phase.UNKNOWN,
              false,
              "MonitorUnreachable",
              "QEMU runs but does not answer on its monitor; it is left alone and asked again");
    };
  }

  private static Verdict resuming(HostState.Machine state, Facts facts) {
    Phase phase = state.guest() == Guest.PAUSED ? Phase.PAUSED : Phase.STARTING;
    Cause resuming = new Cause("Resuming", "the machine is being resumed");
    HostException failure = facts.failure();
    Cause obstacle = failure != null ? Cause.of(failure) : facts.leaseObstacle().orElse(resuming);
    return new Verdict(phase, false, obstacle.reason(), obstacle.message());
  }

  private static Verdict asPaused() {
    return new Verdict(
        Phase.PAUSED, true, "Paused", "the virtual CPUs are stopped, as spec.paused asks");
  }

  private static Verdict stoppedByDisks(VirtualMachineInstanceSpec spec, List<FailedDisk> failed) {
    boolean full = failed.stream().anyMatch(FailedDisk::noSpace);
    String disks =
        spec.disksOrEmpty().stream()
            .filter(disk -> failed.stream().anyMatch(f -> f.slot() == disk.slot()))
            .map(
                disk ->
                    "disk %s (VirtualDisk %s, %s)"
                        .formatted(disk.name(), disk.diskRef(), disk.path()))
            .collect(Collectors.joining(", "));
    String ofDisks = disks.isEmpty() ? "one of its disks" : disks;
    return full
        ? new Verdict(
            Phase.PAUSED,
            false,
            "DiskFull",
            "QEMU has stopped the guest because no space is left on node %s for its %s. Nothing is lost: free some space in the pool or enlarge its file system, and the guest goes on by itself within a minute or so"
                .formatted(spec.nodeName(), ofDisks))
        : new Verdict(
            Phase.PAUSED,
            false,
            "IoError",
            "QEMU has stopped the guest because node %s could not read or write its %s. Nothing is lost: mend the node's storage (its kernel log says what is wrong), and the guest goes on by itself within a minute or so"
                .formatted(spec.nodeName(), ofDisks));
  }

  private static Verdict ofStopped(
      VirtualMachineInstanceSpec spec, @Nullable VirtualMachineInstanceStatus before, Facts facts) {
    HostException failure = facts.failure();
    Task.Blocked blocked = facts.blocked();
    HostState.Machine state = facts.state();
    String how =
        state != null && state.process() instanceof QemuProcess.Exited exited
            ? howItEnded(exited)
            : "QEMU has ended without a trace";
    boolean hasRun = before != null && before.startTime() != null;
    if (spec.restartPolicy() == RestartPolicy.NEVER
        && (hasRun || (state != null && state.process() instanceof QemuProcess.Exited))) {
      Cause lost = LeaseStatus.aboutLeases(facts.cause()).orElse(new Cause("QemuExited", how));
      return new Verdict(
          Phase.FAILED, false, lost.reason(), lost.message() + "; it is not started again");
    }
    Phase waiting = facts.failuresInARow() > 1 ? Phase.CRASH_LOOP_BACK_OFF : Phase.PENDING;
    if (failure != null) {
      return new Verdict(waiting, false, failure.reason(), message(failure));
    }
    Cause cause = facts.cause();
    if (blocked != null && cause != null && blocked.reason().equals("CrashLoopBackOff")) {
      // The reason must not be lost while it waits.
      return new Verdict(waiting, false, cause.reason(), cause.message());
    }
    if (blocked != null) {
      return new Verdict(waiting, false, blocked.reason(), blocked.message());
    }
    return new Verdict(Phase.PENDING, false, "Starting", "the machine is about to be started");
  }

  /** How a QEMU ended, with its last words. */
  public static String howItEnded(QemuProcess.Exited exited) {
    String words = exited.stderr().isBlank() ? "" : "; it said: " + exited.stderr().strip();
    return cut("QEMU has ended (" + exited.description() + ")" + words);
  }

  private static String reason(@Nullable HostException failure, String otherwise) {
    return failure == null ? otherwise : failure.reason();
  }

  private static String message(@Nullable HostException failure, String otherwise) {
    return failure == null ? otherwise : message(failure);
  }

  /** The message of a failure, cut to what a condition can hold. */
  public static String message(HostException failure) {
    return cut(String.valueOf(failure.getMessage()));
  }

  private static String cut(String message) {
    return message.length() <= 4096 ? message : message.substring(0, 4090) + " ...";
  }
}
