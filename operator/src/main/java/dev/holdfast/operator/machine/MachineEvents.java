package dev.holdfast.operator.machine;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineStatus;
import dev.holdfast.crds.machine.VirtualMachineStatus.PrintableStatus;
import dev.holdfast.operator.status.EventDraft;
import dev.holdfast.operator.status.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is worth an event between two statuses of a machine. Because it is derived from the stored
 * status, an operator that was restarted says nothing twice.
 */
final class MachineEvents {
  private MachineEvents() {}

  /**
   * The events.
   *
   * @param reported the status of the machine's instance; of trouble that is passed on from it the
   *     agent has told
   */
  static List<EventDraft> between(
      @Nullable VirtualMachineStatus before,
      VirtualMachineStatus after,
      @Nullable VirtualMachineInstanceStatus reported) {
    List<EventDraft> events = new ArrayList<>();
    PrintableStatus from = before == null ? null : before.printableStatus();
    PrintableStatus to = after.printableStatus();
    if (to != null && from != to) {
      addTransition(events, from, to, after);
    }
    addTrouble(events, before, after, reported);
    if (after.pendingChanges() != null
        && (before == null || !after.pendingChanges().equals(before.pendingChanges()))) {
      events.add(
          EventDraft.warning(
              Reason.RESTART_REQUIRED,
              "Power the machine off and on for these to take effect: "
                  + String.join(", ", after.pendingChanges())));
    }
    return events;
  }

  private static void addTransition(
      List<EventDraft> events,
      @Nullable PrintableStatus from,
      PrintableStatus to,
      VirtualMachineStatus after) {
    switch (to) {
      case RUNNING -> {
        if (from != PrintableStatus.UNKNOWN && from != PrintableStatus.HELD_BY_UNREACHABLE_NODE) {
          events.add(
              EventDraft.normal(
                  from == PrintableStatus.PAUSED ? Reason.RESUMING : Reason.STARTED,
                  message(after)));
        }
      }
      case PAUSED -> {
        // Of a guest that was stopped by its disks the agent has told.
        if (Condition.isTrue(after.conditions(), Condition.READY)) {
          events.add(EventDraft.normal(Reason.PAUSED, message(after)));
        }
      }
      case STOPPED -> {
        // A machine that is made halted was never anything else.
        if (from != null) {
          events.add(EventDraft.normal(Reason.STOPPED, message(after)));
        }
      }
      case PENDING,
          UNSCHEDULABLE,
          STARTING,
          STOPPING,
          CRASH_LOOP_BACK_OFF,
          UNKNOWN,
          TERMINATING -> {}
      // Later changes are told with what keeps the machine there.
      case HELD_BY_UNREACHABLE_NODE ->
          events.add(EventDraft.warning(Reason.NODE_LOST, message(after)));
    }
  }

  private static void addTrouble(
      List<EventDraft> events,
      @Nullable VirtualMachineStatus before,
      VirtualMachineStatus after,
      @Nullable VirtualMachineInstanceStatus reported) {
    PrintableStatus printable = after.printableStatus();
    Condition ready = Condition.find(after.conditions(), Condition.READY);
    Condition old = before == null ? null : Condition.find(before.conditions(), Condition.READY);
    boolean news =
        ready != null
            && !says(old, ready)
            && (reported == null
                || !says(Condition.find(reported.conditions(), Condition.READY), ready));
    if (printable == null || ready == null || !news || ready.status().equals(Condition.TRUE)) {
      return;
    }
    boolean stalled = Condition.isTrue(after.conditions(), Condition.STALLED);
    boolean trouble =
        stalled
            || switch (printable) {
              case PENDING -> !ready.reason().equals(Reason.STARTING.text());
              case UNSCHEDULABLE, CRASH_LOOP_BACK_OFF, UNKNOWN -> true;
              case HELD_BY_UNREACHABLE_NODE ->
                  before != null && before.printableStatus() == printable;
              case STARTING, RUNNING, PAUSED, STOPPING, STOPPED, TERMINATING -> false;
            };
    if (trouble) {
      String reason =
          printable == PrintableStatus.UNSCHEDULABLE
              ? Reason.FAILED_SCHEDULING.text()
              : ready.reason();
      events.add(new EventDraft(EventDraft.Severity.WARNING, reason, ready.message()));
    }
  }

  private static boolean says(@Nullable Condition condition, Condition what) {
    return condition != null
        && condition.reason().equals(what.reason())
        && Objects.equals(condition.message(), what.message());
  }

  private static String message(VirtualMachineStatus status) {
    Condition ready = Condition.find(status.conditions(), Condition.READY);
    return ready == null ? "" : ready.message();
  }
}
