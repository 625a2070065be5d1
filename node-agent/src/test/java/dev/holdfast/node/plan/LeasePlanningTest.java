package dev.holdfast.node.plan;

import static dev.holdfast.node.plan.Scenarios.OFD_DISK;
import static dev.holdfast.node.plan.Scenarios.SANLOCK_DISK;
import static dev.holdfast.node.plan.Scenarios.SHARED_DISK;
import static dev.holdfast.node.plan.Scenarios.imagePath;
import static dev.holdfast.node.plan.Scenarios.machine;
import static dev.holdfast.node.plan.Scenarios.uuid;
import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.node.plan.Desired.LeaseHistory;
import dev.holdfast.node.plan.Desired.LeaseRefusal;
import dev.holdfast.node.plan.HostLeases.Held;
import dev.holdfast.node.plan.HostLeases.Lockspace;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.Image;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is done for machines whose disks have leases. */
class LeasePlanningTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_000_000);
  private static final LeaseRefusal HELD = new LeaseRefusal(false, "DiskHeld", "by another host");
  private static final LeaseRefusal MISMATCH =
      new LeaseRefusal(true, "LeaseVersionMismatch", "host b had it");

  private final VirtualMachineInstanceSpec running = spec(false, SANLOCK_DISK);
  private final VirtualMachineInstanceSpec paused = spec(true, SANLOCK_DISK);

  @Test
  void takesTheLeasesBeforeAnythingElseAndGivesThemBackAfterEverythingElse() {
    assertThat(kinds(plan(wanted(running), null, LockspacePhase.LIVE)))
        .containsExactly("AcquireLeases", "GrantImage", "LaunchQemu", "Resume");
    Desired.Machine deleted = deleted(running, LeaseHistory.NONE);
    assertThat(kinds(plan(deleted, Guest.SHUTDOWN, LockspacePhase.LIVE, SANLOCK_DISK)))
        .containsExactly("KillQemu", "CleanMachine", "ReleaseLeases");
  }

  @Test
  void waitsForItsLockspaceAndSaysWhatItLacks() {
    for (LockspacePhase phase : List.of(LockspacePhase.JOINING, LockspacePhase.FAILED)) {
      Task task = plan(wanted(running), null, phase);
      assertThat(task.actions()).isEmpty();
      assertThat(blocked(task).reason()).isEqualTo("LockspaceNotReady");
      assertThat(blocked(task).message()).contains("lockspace pool", "disk10");
    }
  }

  @Test
  void needsNoLockspaceForLocks() {
    assertThat(kinds(plan(wanted(spec(false, OFD_DISK)), null, null)))
        .containsExactly("AcquireLeases", "GrantImage", "LaunchQemu", "Resume");
  }

  @Test
  void keepsTheLeasesOfACrashedMachineForItsRestart() {
    Task task = plan(wanted(running), Guest.CRASHED, LockspacePhase.LIVE, SANLOCK_DISK);
    assertThat(kinds(task))
        .containsExactly("KillQemu", "CleanMachine", "GrantImage", "LaunchQemu", "Resume");
  }

  @Test
  void givesLeasesOfAnEarlierMachineBackFirst() {
    Task task = plan(wanted(running), null, LockspacePhase.LIVE, OFD_DISK);
    assertThat(kinds(task).subList(0, 2)).containsExactly("ReleaseLeases", "AcquireLeases");
  }

  @Test
  void lettingGoWhilePausedIsForThoseWhoCanProveLaterThatNobodyElseHadTheDisk() {
    assertThat(kinds(plan(wanted(paused), Guest.RUNNING, LockspacePhase.LIVE, SANLOCK_DISK)))
        .containsExactly("GrantImage", "Pause", "ReleaseLeases");
    for (int disk : List.of(OFD_DISK, SHARED_DISK)) {
      assertThat(kinds(plan(wanted(spec(true, disk)), Guest.PAUSED, LockspacePhase.LIVE, disk)))
          .doesNotContain("ReleaseLeases");
    }
    assertThat(kinds(plan(wanted(paused), Guest.PAUSED, LockspacePhase.LIVE))).isEmpty();
  }

  @Test
  void resumesOnlyWithTheVersionThatItHad() {
    Task task = plan(wanted(running, versions(7)), Guest.PAUSED, LockspacePhase.LIVE);
    assertThat(kinds(task)).containsExactly("AcquireLeases", "GrantImage", "Resume");
    assertThat(task.actions().getFirst())
        .isInstanceOfSatisfying(
            Action.AcquireLeases.class,
            acquire -> assertThat(acquire.leases().getFirst().version()).isEqualTo(7));
  }

  @Test
  void neverResumesAGuestWhoseDiskSomebodyElseHad() {
    Desired.Machine machine = wanted(running, new LeaseHistory(Map.of("disk10", 7L), MISMATCH));
    Task task = plan(machine, Guest.PAUSED, LockspacePhase.LIVE);
    assertThat(task.actions()).isEmpty();
    assertThat(blocked(task).reason()).isEqualTo("LeaseVersionMismatch");
    assertThat(blocked(task).message()).isEqualTo("host b had it");

    Desired.Machine deleted = deleted(running, machine.leases());
    assertThat(plan(deleted, Guest.PAUSED, LockspacePhase.LIVE).actions())
        .startsWith(new Action.KillQemu(uuid(1), false));
  }

  @Test
  void neverResumesAGuestOfWhichTheVersionsAreNotKnown() {
    Task task = plan(wanted(running), Guest.PAUSED, LockspacePhase.LIVE);
    assertThat(task.actions()).isEmpty();
    assertThat(blocked(task).reason()).isEqualTo("LeaseVersionUnknown");
  }

  @Test
  void stopsARunningGuestBeforeItAsksForItsLeasesAgain() {
    Task task = plan(wanted(running, versions(7)), Guest.RUNNING, LockspacePhase.LIVE);
    assertThat(kinds(task)).containsExactly("Pause", "AcquireLeases", "GrantImage", "Resume");
    Task without = plan(wanted(running, versions(7)), Guest.RUNNING, LockspacePhase.LATE);
    assertThat(kinds(without)).containsExactly("Pause");
  }

  @Test
  void endsAGuestThatCannotBeStoppedOrWhoseDiskSomebodyElseHasWithoutLettingItFlush() {
    Action kill = new Action.KillQemu(uuid(1), false);
    assertThat(plan(wanted(running, versions(7)), Guest.UNKNOWN, LockspacePhase.LIVE).actions())
        .containsExactly(kill);
    LeaseHistory refused = new LeaseHistory(Map.of("disk10", 7L), HELD);
    assertThat(plan(wanted(running, refused), Guest.RUNNING, LockspacePhase.LIVE).actions())
        .containsExactly(kill);
  }

  @Test
  void letsAGuestRunWhoseQemuHoldsItsLockWhileANewKeeperFindsItAgain() {
    for (LeaseRefusal refusal : new @Nullable LeaseRefusal[] {null, HELD}) {
      Desired.Machine machine = wanted(spec(false, OFD_DISK), new LeaseHistory(Map.of(), refusal));
      assertThat(kinds(plan(machine, Guest.RUNNING, null))).containsExactly("AcquireLeases");
      assertThat(kinds(plan(machine, Guest.UNKNOWN, null))).containsExactly("AcquireLeases");
    }
  }

  @Test
  void sharesAnImageWithItsGroupAndWithMachinesThatShareItToo() {
    VirtualMachineInstanceSpec one = spec(false, SHARED_DISK);
    VirtualMachineInstanceSpec two =
        machine(2, RestartPolicy.ALWAYS, false, List.of(SHARED_DISK), List.of());
    Desired desired =
        new Desired(
            Map.of(uuid(1), wanted(one), uuid(2), Scenarios.wanted(two)),
            Map.of(),
            Map.of(Scenarios.LOCKSPACE, Scenarios.lockspace(1)));
    HostState observed = observed(null, LockspacePhase.LIVE);
    for (String each : List.of(uuid(1), uuid(2))) {
      assertThat(kinds(new Planner(desired, observed, NOW).machine(each)))
          .containsExactly("AcquireLeases", "ShareImage", "LaunchQemu", "Resume");
    }
  }

  @Test
  void makesALeaseBeforeTheImageAndInAJoinedLockspaceOnly() {
    Desired.Disk disk =
        new Desired.Disk(
            "default/d", Scenarios.disk(SANLOCK_DISK, ReclaimPolicy.RETAIN), false, false);
    Desired desired = new Desired(Map.of(), Map.of(imagePath(SANLOCK_DISK), disk));
    HostState joined =
        new HostState(Map.of(), Map.of(), Map.of(), Map.of(), leases(LockspacePhase.JOINING));
    assertThat(kinds(new Planner(desired, joined, NOW).disk(imagePath(SANLOCK_DISK))))
        .containsExactly("FormatLease", "CreateImage");
    Task without = new Planner(desired, HostState.EMPTY, NOW).disk(imagePath(SANLOCK_DISK));
    assertThat(blocked(without).reason()).isEqualTo("LockspaceNotReady");
  }

  @Test
  void joinsALockspaceAndLeavesItWhenNobodyNeedsIt() {
    Desired desired =
        new Desired(Map.of(), Map.of(), Map.of(Scenarios.LOCKSPACE, Scenarios.lockspace(1)));
    assertThat(kinds(new Planner(desired, HostState.EMPTY, NOW).lockspace(Scenarios.LOCKSPACE)))
        .containsExactly("FormatLockspace", "JoinLockspace");
    HostState joined = observed(null, LockspacePhase.LIVE);
    assertThat(new Planner(desired, joined, NOW).lockspace(Scenarios.LOCKSPACE).actions())
        .isEmpty();
    assertThat(kinds(new Planner(Desired.NOTHING, joined, NOW).lockspace(Scenarios.LOCKSPACE)))
        .containsExactly("LeaveLockspace");
    HostState used = observed(Guest.RUNNING, LockspacePhase.LIVE, SANLOCK_DISK);
    assertThat(new Planner(Desired.NOTHING, used, NOW).lockspace(Scenarios.LOCKSPACE).actions())
        .isEmpty();
  }

  private static VirtualMachineInstanceSpec spec(boolean paused, int disk) {
    return machine(1, RestartPolicy.ALWAYS, paused, List.of(disk), List.of());
  }

  private static LeaseHistory versions(long version) {
    return new LeaseHistory(Map.of("disk10", version), null);
  }

  private static Desired.Machine wanted(VirtualMachineInstanceSpec spec) {
    return wanted(spec, LeaseHistory.NONE);
  }

  private static Desired.Machine wanted(VirtualMachineInstanceSpec spec, LeaseHistory history) {
    return new Desired.Machine("default/machine", spec, null, true, false, null, history);
  }

  private static Desired.Machine deleted(VirtualMachineInstanceSpec spec, LeaseHistory history) {
    return new Desired.Machine("default/machine", spec, NOW, true, false, null, history);
  }

  private static HostLeases leases(@Nullable LockspacePhase phase, int... held) {
    List<Held> all = new ArrayList<>();
    for (int disk : held) {
      all.add(new Held(Objects.requireNonNull(Scenarios.lease(disk)), 1, 1L, 7L, NOW));
    }
    return new HostLeases(
        all.isEmpty() ? Map.of() : Map.of(uuid(1), all),
        phase == null
            ? Map.of()
            : Map.of(
                Scenarios.LOCKSPACE,
                new Lockspace(Scenarios.lockspace(1), phase, 1L, null, 2, List.of())));
  }

  private static HostState observed(
      @Nullable Guest guest, @Nullable LockspacePhase phase, int... held) {
    Map<String, Image> images = new HashMap<>();
    for (int disk : List.of(SANLOCK_DISK, OFD_DISK, SHARED_DISK)) {
      images.put(imagePath(disk), new Image.Present(DiskFormat.QCOW2, 1L << 30, 0));
    }
    Map<String, HostState.Machine> machines =
        guest == null
            ? Map.of()
            : Map.of(
                uuid(1),
                new HostState.Machine(
                    uuid(1), new QemuProcess.Running(1, NOW, "7.2.0"), guest, null));
    return new HostState(machines, images, Map.of(), Map.of(), leases(phase, held));
  }

  private static Task plan(
      Desired.Machine machine, @Nullable Guest guest, @Nullable LockspacePhase phase, int... held) {
    Desired desired = new Desired(Map.of(uuid(1), machine), Map.of());
    return new Planner(desired, observed(guest, phase, held), NOW).machine(uuid(1));
  }

  private static Task.Blocked blocked(Task task) {
    return Objects.requireNonNull(task.blocked());
  }

  private static List<String> kinds(Task task) {
    return task.actions().stream().map(action -> action.getClass().getSimpleName()).toList();
  }
}
