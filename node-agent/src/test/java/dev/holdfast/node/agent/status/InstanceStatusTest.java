package dev.holdfast.node.agent.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.plan.HostLeases;
import dev.holdfast.node.plan.HostState;
import dev.holdfast.node.plan.HostState.FailedDisk;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.QemuProcess;
import dev.holdfast.node.plan.Scenarios;
import dev.holdfast.node.plan.Task;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class InstanceStatusTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_000_000);

  @Test
  void isReadyWhenTheGuestRuns() {
    VirtualMachineInstanceStatus status = running(RestartPolicy.ALWAYS, false, Guest.RUNNING);
    assertThat(status.phase()).isEqualTo(Phase.RUNNING);
    assertThat(status.restarts()).isZero();
    assertThat(status.processId()).isEqualTo(7);
    assertThat(status.observedGeneration()).isEqualTo(3);
    assertReady(status, true, "Running");
  }

  @Test
  void isReadyWhenItIsPausedAsAsked() {
    assertReady(running(RestartPolicy.ALWAYS, true, Guest.PAUSED), true, "Paused");
    assertReady(running(RestartPolicy.ALWAYS, true, Guest.PRELAUNCH), true, "Paused");
    assertReady(running(RestartPolicy.ALWAYS, true, Guest.RUNNING), false, "Pausing");
    assertReady(running(RestartPolicy.ALWAYS, false, Guest.PAUSED), false, "Resuming");
  }

  @Test
  void saysWhichDiskHasNoRoomWhereAndWhatToDo() {
    VirtualMachineInstanceStatus status = stoppedByDisks(false, new FailedDisk(2, true));
    assertReady(status, false, "DiskFull");
    assertThat(status.phase()).isEqualTo(Phase.PAUSED);
    assertThat(ready(status).message())
        .contains(
            "no space is left on node node",
            "disk disk5 (VirtualDisk disk-5, " + Scenarios.imagePath(5) + ")",
            "free some space")
        .doesNotContain("disk-4");
  }

  @Test
  void doesNotSayThatADiskIsFullWhenItFailsOtherwise() {
    VirtualMachineInstanceStatus status = stoppedByDisks(false, new FailedDisk(1, false));
    assertReady(status, false, "IoError");
    assertThat(ready(status).message())
        .contains("disk disk4", "because node node could not", "kernel log")
        .doesNotContain("space");
    assertThat(ready(stoppedByDisks(false)).message()).contains("one of its disks");
  }

  @Test
  void isReadyWhenItIsPausedAsAskedThoughADiskHasNoRoom() {
    assertReady(stoppedByDisks(true, new FailedDisk(1, true)), true, "Paused");
  }

  private static VirtualMachineInstanceStatus stoppedByDisks(boolean paused, FailedDisk... disks) {
    VirtualMachineInstance instance = instance(RestartPolicy.ALWAYS, paused, null);
    instance.setSpec(Scenarios.machine(1, RestartPolicy.ALWAYS, paused, List.of(4, 5), List.of()));
    HostState.Machine machine =
        new HostState.Machine(
            Scenarios.uuid(1),
            new QemuProcess.Running(7, NOW, "7.2.0"),
            Guest.IO_ERROR,
            null,
            List.of(disks));
    return of(instance, facts(machine), NOW);
  }

  @Test
  void endsWellWhenTheGuestShutsDownAndIsNotStartedAgain() {
    assertThat(running(RestartPolicy.NEVER, false, Guest.SHUTDOWN).phase())
        .isEqualTo(Phase.SUCCEEDED);
    assertThat(running(RestartPolicy.ON_FAILURE, false, Guest.SHUTDOWN).phase())
        .isEqualTo(Phase.SUCCEEDED);
    assertThat(running(RestartPolicy.ALWAYS, false, Guest.SHUTDOWN).phase())
        .isEqualTo(Phase.STARTING);
    assertThat(running(RestartPolicy.NEVER, false, Guest.CRASHED).phase()).isEqualTo(Phase.FAILED);
  }

  @Test
  void keepsSayingHowItEnded() {
    VirtualMachineInstance instance = instance(RestartPolicy.NEVER, false, null);
    instance.setStatus(running(RestartPolicy.NEVER, false, Guest.SHUTDOWN));
    VirtualMachineInstanceStatus after = of(instance, nothing(), NOW);
    assertThat(after.phase()).isEqualTo(Phase.SUCCEEDED);
    assertReady(after, true, "GuestShutdown");
    assertThat(after.processId()).isNull();
  }

  @Test
  void carriesQemusWordsWhenItRefusesToStart() {
    HostException failure =
        new HostException("QemuFailed", "qemu-system-x86_64: unsupported machine type");
    VirtualMachineInstance instance = instance(RestartPolicy.ALWAYS, false, null);
    VirtualMachineInstanceStatus once =
        of(instance, new InstanceStatus.Facts(null, null, failure, 1, null), NOW);
    assertThat(once.phase()).isEqualTo(Phase.PENDING);
    assertReady(once, false, "QemuFailed");
    assertThat(ready(once).message()).contains("unsupported machine type");
    VirtualMachineInstanceStatus often =
        of(instance, new InstanceStatus.Facts(null, null, failure, 2, null), NOW);
    assertThat(often.phase()).isEqualTo(Phase.CRASH_LOOP_BACK_OFF);
  }

  @Test
  void saysWhatItWaitsFor() {
    VirtualMachineInstanceStatus status =
        of(
            instance(RestartPolicy.ALWAYS, false, null),
            new InstanceStatus.Facts(
                null, new Task.Blocked("DiskNotReady", "disk-1 is not there"), null, 0, null),
            NOW);
    assertReady(status, false, "DiskNotReady");
    assertThat(status.phase()).isEqualTo(Phase.PENDING);
  }

  @Test
  void keepsQemusWordsWhileItWaitsForTheNextTry() {
    HostException failure = new HostException("QemuFailed", "unsupported machine type");
    VirtualMachineInstance instance = instance(RestartPolicy.ALWAYS, false, null);
    instance.setStatus(of(instance, new InstanceStatus.Facts(null, null, failure, 2, null), NOW));
    VirtualMachineInstanceStatus waiting =
        of(
            instance,
            new InstanceStatus.Facts(
                null,
                new Task.Blocked("CrashLoopBackOff", "will be started again"),
                null,
                2,
                Cause.of(failure)),
            NOW.plusSeconds(1));
    assertThat(waiting).isEqualTo(instance.getStatus());
  }

  @Test
  void countsAnotherProcessAsARestart() {
    VirtualMachineInstance instance = instance(RestartPolicy.ALWAYS, false, null);
    instance.setStatus(running(RestartPolicy.ALWAYS, false, Guest.RUNNING));
    VirtualMachineInstanceStatus same =
        of(instance, facts(machine(7, Guest.RUNNING)), NOW.plusSeconds(5));
    assertThat(same).isEqualTo(instance.getStatus());
    VirtualMachineInstanceStatus other =
        of(instance, facts(machine(8, Guest.RUNNING)), NOW.plusSeconds(5));
    assertThat(other.restarts()).isEqualTo(1);
  }

  @Test
  void failsAMachineThatRunsOnceAndWhoseQemuDied() {
    HostState.Machine died =
        new HostState.Machine(
            Scenarios.uuid(1),
            new QemuProcess.Exited("killed by signal 9", "out of memory", NOW),
            Guest.UNKNOWN,
            null);
    VirtualMachineInstanceStatus status =
        of(instance(RestartPolicy.NEVER, false, null), facts(died), NOW);
    assertThat(status.phase()).isEqualTo(Phase.FAILED);
    assertThat(ready(status).message()).contains("killed by signal 9", "out of memory");
  }

  @Test
  void isStoppingOnceItIsDeleted() {
    VirtualMachineInstanceStatus status =
        of(
            instance(RestartPolicy.ALWAYS, false, "2026-01-01T00:00:00Z"),
            facts(machine(7, Guest.RUNNING)),
            NOW);
    assertThat(status.phase()).isEqualTo(Phase.STOPPING);
  }

  @Test
  void saysWhichLeasesAreHeld() {
    VirtualMachineInstanceStatus status =
        leased(machine(7, Guest.RUNNING), LockspacePhase.LIVE, true, null, null);
    assertThat(status.leasesOrEmpty())
        .containsExactly(
            new VirtualMachineInstanceStatus.HeldLease("disk10", 4, 2L, 9L, NOW.toString()));
    assertLeases(status, "True", "Held");
    assertLeases(
        leased(machine(7, Guest.RUNNING), LockspacePhase.LATE, true, null, null),
        "True",
        "RenewalLate");
  }

  @Test
  void saysWhoHasTheDiskWithoutCallingItACrash() {
    HostException refusal = new HostException(LeaseHost.DISK_HELD, "held by host b");
    VirtualMachineInstanceStatus status = leased(null, LockspacePhase.LIVE, false, refusal, null);
    assertThat(status.phase()).isEqualTo(Phase.PENDING);
    assertReady(status, false, "DiskHeld");
    assertThat(ready(status).message()).isEqualTo("held by host b");
    assertLeases(status, "False", "DiskHeld");
  }

  @Test
  void neverTakesAKilledProcessForDeadThatIsNotGoneYet() {
    VirtualMachineInstanceStatus status =
        leased(machine(7, Guest.RUNNING), LockspacePhase.FAILED, true, null, null);
    assertThat(status.phase()).isEqualTo(Phase.UNKNOWN);
    assertThat(status.processId()).isEqualTo(7);
    assertReady(status, false, "ProcessStuck");
    assertThat(ready(status).message()).contains("process 7", "counts as alive");
    assertLeases(status, "Unknown", "ProcessStuck");
  }

  @Test
  void keepsTheVersionsOfAPausedGuestThatItNeedsToGoOn() {
    VirtualMachineInstanceStatus running =
        leased(machine(7, Guest.RUNNING), LockspacePhase.LIVE, true, null, null);
    VirtualMachineInstanceStatus paused =
        leased(machine(7, Guest.PAUSED), LockspacePhase.LIVE, false, null, running);
    assertThat(paused.leases()).isEqualTo(running.leases());
    assertLeases(paused, "False", "GivenBackWhilePaused");
    VirtualMachineInstanceStatus ended = leased(null, LockspacePhase.LIVE, false, null, paused);
    assertThat(ended.leases()).isNull();
  }

  @Test
  void saysWhyAGuestCanNeverGoOn() {
    VirtualMachineInstanceStatus status =
        InstanceStatus.of(
            leasedInstance(),
            null,
            new InstanceStatus.Facts(
                machine(7, Guest.PAUSED),
                new Task.Blocked(LeaseHost.VERSION_MISMATCH, "host b had it"),
                null,
                0,
                null,
                HostLeases.NONE),
            NOW);
    assertThat(status.phase()).isEqualTo(Phase.PAUSED);
    assertReady(status, false, "LeaseVersionMismatch");
    assertLeases(status, "False", "LeaseVersionMismatch");
  }

  private static VirtualMachineInstance leasedInstance() {
    VirtualMachineInstance instance = instance(RestartPolicy.ALWAYS, false, null);
    instance.setSpec(
        Scenarios.machine(
            1, RestartPolicy.ALWAYS, false, List.of(Scenarios.SANLOCK_DISK), List.of()));
    return instance;
  }

  private static VirtualMachineInstanceStatus leased(
      HostState.@Nullable Machine state,
      LockspacePhase phase,
      boolean held,
      @Nullable HostException failure,
      @Nullable VirtualMachineInstanceStatus before) {
    HostLeases.Held lease =
        new HostLeases.Held(
            Objects.requireNonNull(Scenarios.lease(Scenarios.SANLOCK_DISK)), 4, 2L, 9L, NOW);
    HostLeases leases =
        new HostLeases(
            held ? Map.of(Scenarios.uuid(1), List.of(lease)) : Map.of(),
            Map.of(
                Scenarios.LOCKSPACE,
                new HostLeases.Lockspace(Scenarios.lockspace(4), phase, 2L, null, 2, List.of())));
    return InstanceStatus.of(
        leasedInstance(),
        before,
        new InstanceStatus.Facts(state, null, failure, 0, null, leases),
        NOW);
  }

  private static void assertLeases(
      VirtualMachineInstanceStatus status, String holds, String reason) {
    Condition held =
        Objects.requireNonNull(Condition.find(status.conditions(), LeaseStatus.LEASES_HELD));
    assertThat(held.status() + " " + held.reason()).isEqualTo(holds + " " + reason);
  }

  private static VirtualMachineInstanceStatus of(
      VirtualMachineInstance instance, InstanceStatus.Facts facts, Instant now) {
    return InstanceStatus.of(instance, instance.getStatus(), facts, now);
  }

  private static VirtualMachineInstanceStatus running(
      RestartPolicy policy, boolean paused, Guest guest) {
    return of(instance(policy, paused, null), facts(machine(7, guest)), NOW);
  }

  private static InstanceStatus.Facts facts(HostState.Machine machine) {
    return new InstanceStatus.Facts(machine, null, null, 0, null);
  }

  private static InstanceStatus.Facts nothing() {
    return new InstanceStatus.Facts(null, null, null, 0, null);
  }

  private static HostState.Machine machine(long processId, Guest guest) {
    return new HostState.Machine(
        Scenarios.uuid(1), new QemuProcess.Running(processId, NOW, "7.2.0"), guest, null);
  }

  private static VirtualMachineInstance instance(
      RestartPolicy policy, boolean paused, @Nullable String deletedAt) {
    VirtualMachineInstance instance = new VirtualMachineInstance();
    instance.setMetadata(
        new ObjectMetaBuilder()
            .withName("machine")
            .withNamespace("default")
            .withGeneration(3L)
            .withDeletionTimestamp(deletedAt)
            .build());
    instance.setSpec(Scenarios.machine(1, policy, paused, List.of(), List.of()));
    return instance;
  }

  private static void assertReady(
      VirtualMachineInstanceStatus status, boolean holds, String reason) {
    assertThat(ready(status).status()).isEqualTo(holds ? "True" : "False");
    assertThat(ready(status).reason()).isEqualTo(reason);
  }

  private static Condition ready(VirtualMachineInstanceStatus status) {
    return Objects.requireNonNull(Condition.find(status.conditions(), Condition.READY));
  }
}
