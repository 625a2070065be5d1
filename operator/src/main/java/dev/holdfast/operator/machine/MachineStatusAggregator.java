package dev.holdfast.operator.machine;

import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import dev.holdfast.crds.machine.VirtualMachineSpec.RunStrategy;
import dev.holdfast.crds.machine.VirtualMachineStatus;
import dev.holdfast.crds.machine.VirtualMachineStatus.InterfaceStatus;
import dev.holdfast.crds.machine.VirtualMachineStatus.PrintableStatus;
import dev.holdfast.operator.lease.Failover;
import dev.holdfast.operator.status.Reason;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one place where a machine's status comes from. */
final class MachineStatusAggregator {
  static final String RUNNING = "Running";
  static final String PAUSED = "Paused";
  static final String AGENT_CONNECTED = "AgentConnected";
  static final String LEASES_HELD = "LeasesHeld";
  static final String RESTART_REQUIRED = "RestartRequired";

  private MachineStatusAggregator() {}

  /** How far the machine is from what its spec says, in the sense of kstatus. */
  private enum Progress {
    CONVERGED,
    WORKING,
    STALLED,
    UNKNOWN
  }

  private record Verdict(
      PrintableStatus printable, Progress progress, String reason, String message) {
    static Verdict of(PrintableStatus printable, Progress progress, Reason reason, String message) {
      return new Verdict(printable, progress, reason.text(), message);
    }
  }

  static VirtualMachineStatus evaluate(MachineSituation situation, Instant now) {
    VirtualMachine machine = situation.machine();
    VirtualMachineInstance instance = situation.instance();
    long generation = machine.getMetadata().getGeneration();
    Verdict verdict = judge(situation);
    List<String> pending = situation.pendingChanges();
    VirtualMachineStatus before = machine.getStatus();
    Conditions conditions =
        new Conditions(before == null ? null : before.conditions(), generation, now);
    addReadiness(conditions, verdict);
    addRuntime(conditions, situation, verdict);
    if (!pending.isEmpty()) {
      conditions.add(
          RESTART_REQUIRED,
          true,
          Reason.SPEC_CHANGED.text(),
          "Power the machine off and on for these to take effect: " + String.join(", ", pending));
    }
    return new VirtualMachineStatus(
        generation,
        verdict.printable(),
        instance == null ? null : instance.getSpec().nodeName(),
        situation.uuid(),
        pending.isEmpty() ? null : pending,
        instance == null ? null : interfaces(instance),
        conditions.toList());
  }

  private static void addReadiness(Conditions conditions, Verdict verdict) {
    String ready =
        switch (verdict.progress()) {
          case CONVERGED -> Condition.TRUE;
          case WORKING, STALLED -> Condition.FALSE;
          case UNKNOWN -> Condition.UNKNOWN;
        };
    conditions.add(Condition.READY, ready, verdict.reason(), verdict.message());
    if (verdict.progress() == Progress.WORKING) {
      conditions.add(Condition.RECONCILING, true, verdict.reason(), verdict.message());
    }
    if (verdict.progress() == Progress.STALLED) {
      conditions.add(Condition.STALLED, true, verdict.reason(), verdict.message());
    }
  }

  private static void addRuntime(
      Conditions conditions, MachineSituation situation, Verdict verdict) {
    VirtualMachineInstance instance = situation.instance();
    Phase phase = phase(instance);
    if (instance == null || situation.nodeHealthy()) {
      boolean running = phase == Phase.RUNNING || phase == Phase.STOPPING;
      String status =
          phase == Phase.UNKNOWN ? Condition.UNKNOWN : running ? Condition.TRUE : Condition.FALSE;
      conditions.add(RUNNING, status, running ? Reason.RUNNING.text() : verdict.reason(), "");
    } else {
      conditions.add(RUNNING, Condition.UNKNOWN, verdict.reason(), "");
    }
    if (phase == Phase.PAUSED) {
      conditions.add(PAUSED, true, Reason.PAUSED.text(), "The virtual CPUs are stopped.");
    }
    if (instance != null) {
      addLeases(conditions, situation, instance);
      String node = instance.getSpec().nodeName();
      conditions.add(
          AGENT_CONNECTED,
          situation.nodeHealthy(),
          (situation.nodeHealthy() ? Reason.AGENT_ALIVE : Reason.NODE_LOST).text(),
          situation.nodeHealthy()
              ? "The agent of node " + node + " is alive."
              : "The agent of node " + node + " gives no sign of life.");
    }
  }

  // The agent tells whether the instance holds its leases; nobody else knows.
  private static void addLeases(
      Conditions conditions, MachineSituation situation, VirtualMachineInstance instance) {
    VirtualMachineInstanceStatus status = instance.getStatus();
    Condition held = status == null ? null : Condition.find(status.conditions(), LEASES_HELD);
    if (held == null) {
      return;
    }
    if (situation.nodeHealthy()) {
      conditions.add(LEASES_HELD, held.status(), held.reason(), held.message());
    } else {
      conditions.add(
          LEASES_HELD,
          Condition.UNKNOWN,
          Reason.NODE_LOST.text(),
          "The agent of node "
              + instance.getSpec().nodeName()
              + " gives no sign of life. It said last: "
              + held.message());
    }
  }

  private static Verdict judge(MachineSituation situation) {
    VirtualMachine machine = situation.machine();
    VirtualMachineInstance instance = situation.instance();
    Obstacle obstacle = situation.obstacle();
    if (isTerminating(machine)) {
      return Verdict.of(
          PrintableStatus.TERMINATING,
          Progress.WORKING,
          Reason.TERMINATING,
          terminating(situation));
    }
    if (instance != null) {
      return judge(situation, instance);
    }
    if (machine.getSpec().runStrategy() == RunStrategy.HALTED && obstacle == null) {
      return Verdict.of(
          PrintableStatus.STOPPED, Progress.CONVERGED, Reason.HALTED, "The machine is off.");
    }
    if (obstacle == null) {
      return Verdict.of(
          PrintableStatus.PENDING, Progress.WORKING, Reason.STARTING, "Looking for a node.");
    }
    return Verdict.of(
        obstacle.reason() == Reason.UNSCHEDULABLE
            ? PrintableStatus.UNSCHEDULABLE
            : PrintableStatus.PENDING,
        Progress.WORKING,
        obstacle.reason(),
        obstacle.message());
  }

  private static String terminating(MachineSituation situation) {
    VirtualMachineInstance instance = situation.instance();
    if (instance == null) {
      return "The machine is being deleted.";
    }
    Failover failover = situation.failover();
    return failover == null
        ? "Waiting for node " + instance.getSpec().nodeName() + " to stop the machine."
        : ofLost(situation.machine(), failover).message();
  }

  private static Verdict ofLost(VirtualMachine machine, Failover failover) {
    return switch (failover) {
      case Failover.TakeOver(String why) ->
          Verdict.of(
              PrintableStatus.UNKNOWN,
              Progress.WORKING,
              Reason.TAKEN_OVER,
              machine.getSpec().runStrategy() == RunStrategy.HALTED || isTerminating(machine)
                  ? why + " Nothing is left of the machine there."
                  : why + " The machine is started on another node.");
      case Failover.Held(String message, Instant _) ->
          Verdict.of(
              PrintableStatus.HELD_BY_UNREACHABLE_NODE,
              Progress.UNKNOWN,
              Reason.HELD_BY_UNREACHABLE_NODE,
              message);
      case Failover.Stay(String message) ->
          Verdict.of(PrintableStatus.UNKNOWN, Progress.UNKNOWN, Reason.NODE_LOST, message);
    };
  }

  private static Verdict judge(MachineSituation situation, VirtualMachineInstance instance) {
    String node = instance.getSpec().nodeName();
    Failover failover = situation.failover();
    if (failover != null) {
      return ofLost(situation.machine(), failover);
    }
    if (situation.stopping()) {
      return Verdict.of(
          PrintableStatus.STOPPING,
          Progress.WORKING,
          Reason.STOPPING,
          "Waiting for node " + node + " to stop the machine.");
    }
    VirtualMachineInstanceStatus status = instance.getStatus();
    Phase phase = phase(instance);
    if (status == null || phase == Phase.PENDING || phase == Phase.STARTING) {
      return Verdict.of(
          PrintableStatus.STARTING,
          Progress.WORKING,
          Reason.STARTING,
          "Waiting for node " + node + " to start the machine.");
    }
    Long observed = status.observedGeneration();
    if (observed == null || observed < instance.getMetadata().getGeneration()) {
      return Verdict.of(
          printable(phase),
          Progress.WORKING,
          Reason.UPDATING,
          "Waiting for node " + node + " to take over the change.");
    }
    return judge(situation.machine(), instance, status, phase);
  }

  private static Verdict judge(
      VirtualMachine machine,
      VirtualMachineInstance instance,
      VirtualMachineInstanceStatus status,
      Phase phase) {
    String node = instance.getSpec().nodeName();
    boolean pause = machine.getSpec().paused();
    return switch (phase) {
      case RUNNING ->
          pause
              ? Verdict.of(
                  PrintableStatus.RUNNING, Progress.WORKING, Reason.UPDATING, "Being paused.")
              : running(status, "The machine runs on node " + node + ".");
      case PAUSED ->
          pause
              ? Verdict.of(
                  PrintableStatus.PAUSED,
                  Progress.CONVERGED,
                  Reason.PAUSED,
                  "The machine is paused on node " + node + ".")
              : asAgentSays(
                  status, PrintableStatus.PAUSED, Progress.WORKING, Reason.RESUMING, "Resuming.");
      case SUCCEEDED ->
          machine.getSpec().runStrategy() == RunStrategy.ALWAYS
              ? starting(node)
              : Verdict.of(
                  PrintableStatus.STOPPED,
                  Progress.CONVERGED,
                  Reason.COMPLETED,
                  "The guest has shut down and is not started again (runStrategy).");
      case FAILED ->
          asAgentSays(
              status,
              PrintableStatus.STOPPED,
              Progress.STALLED,
              Reason.FAILED,
              "The machine has failed on node " + node + " and is not started again.");
      case CRASH_LOOP_BACK_OFF ->
          asAgentSays(
              status,
              PrintableStatus.CRASH_LOOP_BACK_OFF,
              Progress.WORKING,
              Reason.CRASH_LOOP_BACK_OFF,
              "The machine keeps failing on node " + node + " and is started again more slowly.");
      case STOPPING ->
          Verdict.of(
              PrintableStatus.STOPPING,
              Progress.WORKING,
              Reason.STOPPING,
              "Waiting for node " + node + " to stop the machine.");
      case UNKNOWN ->
          asAgentSays(
              status,
              PrintableStatus.UNKNOWN,
              Progress.UNKNOWN,
              Reason.NODE_LOST,
              "Node " + node + " does not know the state of the machine.");
      case PENDING, STARTING -> starting(node);
    };
  }

  private static Verdict starting(String node) {
    return Verdict.of(
        PrintableStatus.STARTING,
        Progress.WORKING,
        Reason.STARTING,
        "Waiting for node " + node + " to start the machine.");
  }

  private static Verdict running(VirtualMachineInstanceStatus status, String message) {
    Condition ready = Condition.find(status.conditions(), Condition.READY);
    return ready == null || ready.status().equals(Condition.TRUE)
        ? Verdict.of(PrintableStatus.RUNNING, Progress.CONVERGED, Reason.RUNNING, message)
        : new Verdict(PrintableStatus.RUNNING, Progress.WORKING, ready.reason(), ready.message());
  }

  // The agent knows more than the phase, such as QEMU's own words: pass them on.
  private static Verdict asAgentSays(
      VirtualMachineInstanceStatus status,
      PrintableStatus printable,
      Progress progress,
      Reason reason,
      String message) {
    Condition ready = Condition.find(status.conditions(), Condition.READY);
    return ready == null || ready.status().equals(Condition.TRUE) || ready.message().isEmpty()
        ? Verdict.of(printable, progress, reason, message)
        : new Verdict(printable, progress, ready.reason(), ready.message());
  }

  private static PrintableStatus printable(Phase phase) {
    return switch (phase) {
      case PENDING, STARTING -> PrintableStatus.STARTING;
      case RUNNING -> PrintableStatus.RUNNING;
      case PAUSED -> PrintableStatus.PAUSED;
      case STOPPING -> PrintableStatus.STOPPING;
      case SUCCEEDED, FAILED -> PrintableStatus.STOPPED;
      case CRASH_LOOP_BACK_OFF -> PrintableStatus.CRASH_LOOP_BACK_OFF;
      case UNKNOWN -> PrintableStatus.UNKNOWN;
    };
  }

  private static Phase phase(@Nullable VirtualMachineInstance instance) {
    VirtualMachineInstanceStatus status = instance == null ? null : instance.getStatus();
    Phase phase = status == null ? null : status.phase();
    return phase == null ? Phase.PENDING : phase;
  }

  private static @Nullable List<InterfaceStatus> interfaces(VirtualMachineInstance instance) {
    List<InterfaceStatus> interfaces =
        instance.getSpec().interfacesOrEmpty().stream()
            .map(i -> new InterfaceStatus(i.name(), i.macAddress(), i.ipAddress()))
            .toList();
    return interfaces.isEmpty() ? null : interfaces;
  }
}
