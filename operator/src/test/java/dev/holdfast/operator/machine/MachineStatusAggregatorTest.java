package dev.holdfast.operator.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import dev.holdfast.crds.machine.VirtualMachineStatus;
import dev.holdfast.crds.machine.VirtualMachineStatus.PrintableStatus;
import dev.holdfast.operator.lease.Failover;
import dev.holdfast.operator.status.EventDraft;
import dev.holdfast.operator.status.Reason;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MachineStatusAggregatorTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Always, paused: false         | PENDING              | STARTING            | False   |"
            + " Reconciling",
        "Always, paused: false         | STARTING             | STARTING            | False   |"
            + " Reconciling",
        "Always, paused: false         | RUNNING              | RUNNING             | True    |",
        "Always, paused: true          | RUNNING              | RUNNING             | False   |"
            + " Reconciling",
        "Always, paused: true          | PAUSED               | PAUSED              | True    |",
        "Always, paused: false         | PAUSED               | PAUSED              | False   |"
            + " Reconciling",
        "Always, paused: false         | STOPPING             | STOPPING            | False   |"
            + " Reconciling",
        "Always, paused: false         | SUCCEEDED            | STARTING            | False   |"
            + " Reconciling",
        "Once, paused: false           | SUCCEEDED            | STOPPED             | True    |",
        "RerunOnFailure, paused: false | SUCCEEDED            | STOPPED             | True    |",
        "Once, paused: false           | FAILED               | STOPPED             | False   |"
            + " Stalled",
        "Always, paused: false         | CRASH_LOOP_BACK_OFF  | CRASH_LOOP_BACK_OFF | False   |"
            + " Reconciling",
        "Always, paused: false         | UNKNOWN              | UNKNOWN             | Unknown |"
      })
  void readsThePhase(
      String spec, Phase phase, PrintableStatus printable, String ready, @Nullable String also) {
    VirtualMachine machine = Machines.machine("runStrategy: " + spec);
    VirtualMachineStatus status = evaluate(machine, instance(machine, phase, 1L), true);

    assertThat(status.printableStatus()).isEqualTo(printable);
    assertThat(condition(status, Condition.READY).status()).isEqualTo(ready);
    assertThat(Condition.isTrue(status.conditions(), Condition.RECONCILING))
        .isEqualTo("Reconciling".equals(also));
    assertThat(Condition.isTrue(status.conditions(), Condition.STALLED))
        .isEqualTo("Stalled".equals(also));
    assertThat(status.observedGeneration()).isEqualTo(3);
    assertThat(status.conditions())
        .allSatisfy(condition -> assertThat(condition.observedGeneration()).isEqualTo(3));
  }

  @Test
  void isNotReadyBeforeTheAgentHasSeenTheChange() {
    VirtualMachine machine = Machines.machine("");
    VirtualMachineStatus status = evaluate(machine, instance(machine, Phase.RUNNING, 0L), true);

    assertThat(condition(status, Condition.READY).status()).isEqualTo(Condition.FALSE);
    assertThat(condition(status, Condition.READY).reason()).isEqualTo("Updating");
  }

  @Test
  void believesNothingOfALostNode() {
    VirtualMachine machine = Machines.machine("");
    VirtualMachineStatus status = evaluate(machine, instance(machine, Phase.RUNNING, 1L), false);

    assertThat(status.printableStatus()).isEqualTo(PrintableStatus.UNKNOWN);
    assertThat(condition(status, Condition.READY).status()).isEqualTo(Condition.UNKNOWN);
    assertThat(condition(status, "Running").status()).isEqualTo(Condition.UNKNOWN);
    assertThat(condition(status, "AgentConnected").status()).isEqualTo(Condition.FALSE);
  }

  @Test
  void anObstacleIsWorkInProgressWithItsReason() {
    VirtualMachine machine = Machines.machine("");
    VirtualMachineStatus status =
        MachineStatusAggregator.evaluate(
            new MachineSituation(
                machine,
                "uuid",
                null,
                null,
                false,
                new Obstacle(Reason.DISK_NOT_FOUND, "Apply it."),
                List.of()),
            NOW);

    assertThat(status.printableStatus()).isEqualTo(PrintableStatus.PENDING);
    assertThat(condition(status, Condition.RECONCILING).reason()).isEqualTo("DiskNotFound");
    assertThat(Condition.find(status.conditions(), Condition.STALLED)).isNull();
  }

  @Test
  void aSecondEvaluationWithoutNewsIsEqual() {
    VirtualMachine machine = Machines.machine("");
    VirtualMachineInstance instance = instance(machine, Phase.RUNNING, 1L);
    VirtualMachineStatus first = evaluate(machine, instance, true);
    machine.setStatus(first);

    MachineSituation later =
        new MachineSituation(machine, "uuid", instance, null, false, null, List.of());
    assertThat(MachineStatusAggregator.evaluate(later, NOW.plusSeconds(60))).isEqualTo(first);
    assertThat(MachineEvents.between(first, first, instance.getStatus())).isEmpty();
  }

  @Test
  void whatTheAgentHasToldIsNotToldAgain() {
    VirtualMachine machine = Machines.machine("");
    VirtualMachineInstance instance = instance(machine, Phase.CRASH_LOOP_BACK_OFF, 1L);
    VirtualMachineInstanceStatus reported =
        new VirtualMachineInstanceStatus(
            1L,
            Phase.CRASH_LOOP_BACK_OFF,
            null,
            null,
            null,
            null,
            null,
            new Conditions(null, 1L, NOW)
                .add(Condition.READY, false, "QemuExited", "QEMU has ended (killed by signal 9)")
                .toList());
    instance.setStatus(reported);
    VirtualMachineStatus crashed = evaluate(machine, instance, true);

    assertThat(condition(crashed, Condition.READY).reason()).isEqualTo("QemuExited");
    assertThat(MachineEvents.between(null, crashed, reported)).isEmpty();

    VirtualMachineStatus lost = evaluate(machine, instance, false);
    assertThat(MachineEvents.between(crashed, lost, reported))
        .extracting(EventDraft::reason)
        .containsExactly("NodeLost");
  }

  @Test
  void pendingChangesLeaveTheMachineReady() {
    VirtualMachine machine = Machines.machine("");
    VirtualMachineStatus status =
        MachineStatusAggregator.evaluate(
            new MachineSituation(
                machine,
                "uuid",
                instance(machine, Phase.RUNNING, 1L),
                null,
                false,
                null,
                List.of("spec.memory.guest")),
            NOW);

    assertThat(Condition.isTrue(status.conditions(), Condition.READY)).isTrue();
    assertThat(condition(status, "RestartRequired").message()).contains("spec.memory.guest");
  }

  private static VirtualMachineStatus evaluate(
      VirtualMachine machine, VirtualMachineInstance instance, boolean healthy) {
    Failover failover = healthy ? null : new Failover.Stay("It may still be running there.");
    return MachineStatusAggregator.evaluate(
        new MachineSituation(machine, "uuid", instance, failover, false, null, List.of()), NOW);
  }

  private static VirtualMachineInstance instance(
      VirtualMachine machine, Phase phase, long observedGeneration) {
    VirtualMachineInstance instance = Machines.instance(machine);
    instance.setStatus(
        new VirtualMachineInstanceStatus(
            observedGeneration, phase, null, null, null, null, null, null));
    return instance;
  }

  private static Condition condition(VirtualMachineStatus status, String type) {
    return Objects.requireNonNull(Condition.find(status.conditions(), type), type);
  }
}
