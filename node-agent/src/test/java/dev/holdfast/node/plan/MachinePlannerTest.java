package dev.holdfast.node.plan;

import static dev.holdfast.node.plan.Scenarios.imagePath;
import static dev.holdfast.node.plan.Scenarios.machine;
import static dev.holdfast.node.plan.Scenarios.uuid;
import static dev.holdfast.node.plan.Scenarios.wanted;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.Image;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MachinePlannerTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_000_000);
  private static final Image IMAGE = new Image.Present(DiskFormat.QCOW2, 1L << 30, 0);

  private final VirtualMachineInstanceSpec withDiskAndNetwork =
      machine(1, RestartPolicy.ALWAYS, false, List.of(1), List.of(1));
  private final VirtualMachineInstanceSpec plain =
      machine(1, RestartPolicy.ALWAYS, false, List.of(), List.of());

  @Test
  void preparesNetworkAndImageBeforeItLaunchesAndResumes() {
    Task task = plan(wanted(withDiskAndNetwork), Map.of(), Map.of(imagePath(1), IMAGE));
    assertThat(kinds(task))
        .containsExactly("EnsureBridge", "EnsureTap", "GrantImage", "LaunchQemu", "Resume");
  }

  @Test
  void leavesAPausedMachineStopped() {
    var paused = machine(1, RestartPolicy.ALWAYS, true, List.of(), List.of());
    assertThat(kinds(plan(wanted(paused), Map.of(), Map.of()))).containsExactly("LaunchQemu");
  }

  @Test
  void waitsForADiskThatIsNotThere() {
    Task task = plan(wanted(withDiskAndNetwork), Map.of(), Map.of());
    assertThat(task.actions()).isEmpty();
    assertThat(Objects.requireNonNull(task.blocked()).reason()).isEqualTo("DiskNotReady");
    assertThat(Objects.requireNonNull(task.blocked()).message()).contains(imagePath(1), "disk-1");
  }

  @Test
  void pressesThePowerButtonOfADeletedMachineAndPressesItAgain() {
    Desired.Machine deleted = deletedAt(NOW.minusSeconds(10));
    assertThat(kinds(plan(deleted, running(Guest.RUNNING, null), Map.of())))
        .containsExactly("PressPowerButton");
    assertThat(kinds(plan(deleted, running(Guest.RUNNING, NOW.minusSeconds(2)), Map.of())))
        .isEmpty();
    assertThat(kinds(plan(deleted, running(Guest.RUNNING, NOW.minusSeconds(6)), Map.of())))
        .containsExactly("PressPowerButton");
  }

  @Test
  void killsADeletedMachineThatHasUsedUpItsGracePeriod() {
    Desired.Machine deleted = deletedAt(NOW.minusSeconds(plain.terminationGracePeriodSeconds()));
    assertThat(kinds(plan(deleted, running(Guest.RUNNING, NOW), Map.of())))
        .containsExactly("KillQemu", "CleanMachine");
    assertThat(kinds(plan(deleted, running(Guest.UNKNOWN, null), Map.of())))
        .containsExactly("KillQemu", "CleanMachine");
  }

  @Test
  void resumesAMachineWhoseDiskIoHasFailedUnlessItMustWait() {
    assertThat(kinds(plan(wanted(plain), running(Guest.IO_ERROR, null), Map.of())))
        .containsExactly("Resume");
    Desired.Machine later =
        new Desired.Machine("d/m", plain, null, true, false, NOW.plusSeconds(5));
    assertThat(kinds(plan(later, running(Guest.IO_ERROR, null), Map.of()))).isEmpty();
    var paused = machine(1, RestartPolicy.ALWAYS, true, List.of(), List.of());
    assertThat(kinds(plan(wanted(paused), running(Guest.IO_ERROR, null), Map.of()))).isEmpty();
  }

  @Test
  void letsADeletedMachineWhoseDiskIoHasFailedTryToShutDownUntilItsTimeIsUp() {
    Desired.Machine deleted = deletedAt(NOW.minusSeconds(10));
    assertThat(kinds(plan(deleted, running(Guest.IO_ERROR, null), Map.of())))
        .containsExactly("Resume", "PressPowerButton");
    assertThat(kinds(plan(deleted, running(Guest.IO_ERROR, NOW.minusSeconds(2)), Map.of())))
        .as("not resumed over and over")
        .isEmpty();
    assertThat(kinds(plan(deleted, running(Guest.IO_ERROR, NOW.minusSeconds(6)), Map.of())))
        .containsExactly("Resume", "PressPowerButton");
    Desired.Machine late = deletedAt(NOW.minusSeconds(plain.terminationGracePeriodSeconds()));
    assertThat(kinds(plan(late, running(Guest.IO_ERROR, NOW), Map.of())))
        .containsExactly("KillQemu", "CleanMachine");
  }

  @Test
  void endsADeletedMachineAtOnceWhenItsGuestHasShutDown() {
    assertThat(kinds(plan(deletedAt(NOW), running(Guest.SHUTDOWN, NOW), Map.of())))
        .containsExactly("KillQemu", "CleanMachine");
  }

  @Test
  void releasesADeletedMachineOfWhichNothingIsLeft() {
    assertThat(plan(deletedAt(NOW), Map.of(), Map.of()).released()).isTrue();
    assertThat(plan(deletedAt(NOW), running(Guest.RUNNING, NOW), Map.of()).released()).isFalse();
  }

  @Test
  void neverTouchesARunningMachineThatNobodyWants() {
    HostState observed = new HostState(running(Guest.RUNNING, null), Map.of(), Map.of(), Map.of());
    Planner planner = new Planner(Desired.NOTHING, observed, NOW);
    assertThat(planner.machine(uuid(1)).actions()).isEmpty();
    assertThat(planner.plan().isEmpty()).isTrue();
    assertThat(planner.plan().orphans()).containsExactly(uuid(1));
  }

  @Test
  void leavesAMachineAloneWhoseMonitorDoesNotAnswer() {
    assertThat(kinds(plan(wanted(plain), running(Guest.UNKNOWN, null), Map.of()))).isEmpty();
  }

  @Test
  void startsAMachineAgainWhoseGuestHasShutDownOnlyUnderTheAlwaysPolicy() {
    assertThat(kinds(plan(wanted(plain), running(Guest.SHUTDOWN, null), Map.of())))
        .containsExactly("KillQemu", "CleanMachine", "LaunchQemu", "Resume");
    var once = machine(1, RestartPolicy.ON_FAILURE, false, List.of(), List.of());
    assertThat(kinds(plan(wanted(once), running(Guest.SHUTDOWN, null), Map.of()))).isEmpty();
  }

  @Test
  void doesNotStartAMachineASecondTimeThatRunsOnce() {
    var once = machine(1, RestartPolicy.NEVER, false, List.of(), List.of());
    Desired.Machine started = new Desired.Machine("d/m", once, null, true, false, null);
    assertThat(kinds(plan(started, Map.of(), Map.of()))).isEmpty();
    assertThat(kinds(plan(wanted(once), Map.of(), Map.of())))
        .containsExactly("LaunchQemu", "Resume");
  }

  @Test
  void waitsUntilABackOffIsOver() {
    Desired.Machine later =
        new Desired.Machine("d/m", plain, null, true, false, NOW.plusSeconds(5));
    Task task = plan(later, Map.of(), Map.of());
    assertThat(task.actions()).isEmpty();
    assertThat(Objects.requireNonNull(task.blocked()).reason()).isEqualTo("CrashLoopBackOff");
  }

  @Test
  void givesAnImageToOneOfTwoMachinesOnly() {
    var first = machine(1, RestartPolicy.ALWAYS, false, List.of(1), List.of());
    var second = machine(2, RestartPolicy.ALWAYS, false, List.of(1), List.of());
    Desired desired =
        new Desired(Map.of(uuid(1), wanted(first), uuid(2), wanted(second)), Map.of());
    HostState observed = new HostState(Map.of(), Map.of(imagePath(1), IMAGE), Map.of(), Map.of());
    Planner planner = new Planner(desired, observed, NOW);
    assertThat(kinds(planner.machine(uuid(1)))).contains("LaunchQemu");
    Task.Blocked blocked = planner.machine(uuid(2)).blocked();
    assertThat(Objects.requireNonNull(blocked).reason()).isEqualTo("DiskInUse");
    assertThat(blocked.message()).contains(wanted(first).name());
  }

  private Desired.Machine deletedAt(Instant time) {
    return new Desired.Machine("default/machine", plain, time, true, false, null);
  }

  private static Map<String, HostState.Machine> running(
      Guest guest, @Nullable Instant powerButtonAt) {
    return Map.of(
        uuid(1),
        new HostState.Machine(
            uuid(1), new QemuProcess.Running(1, NOW, "7.2.0"), guest, powerButtonAt));
  }

  private static Task plan(
      Desired.Machine machine, Map<String, HostState.Machine> machines, Map<String, Image> images) {
    Desired desired = new Desired(Map.of(machine.spec().uuid(), machine), Map.of());
    HostState observed = new HostState(machines, images, Map.of(), Map.of());
    return new Planner(desired, observed, NOW).machine(machine.spec().uuid());
  }

  private static List<String> kinds(Task task) {
    return task.actions().stream().map(action -> action.getClass().getSimpleName()).toList();
  }
}
