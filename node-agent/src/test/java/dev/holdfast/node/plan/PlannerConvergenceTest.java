package dev.holdfast.node.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.node.execute.AuditLog;
import dev.holdfast.node.execute.Executor;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.SimulatedHost;
import dev.holdfast.node.host.SimulatedStorage;
import dev.holdfast.node.host.SimulatedStorage.Holder;
import dev.holdfast.node.plan.Desired.LeaseHistory;
import dev.holdfast.node.plan.Desired.LeaseRefusal;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * From any state, with the agent crashing after any action and with guests, QEMU and other people
 * acting in between, the host becomes what is wanted, and on the way the simulated host never sees
 * what must never be done.
 */
class PlannerConvergenceTest {
  private static final int CASES = 20_000;
  private static final String ELSEWHERE = "elsewhere";

  @Test
  void convergesFromAnyStateWithCrashesAfterAnyAction() {
    Set<String> refusals = new TreeSet<>();
    for (int seed = 0; seed < CASES; seed++) {
      try {
        Case one = new Case(seed);
        one.run();
        refusals.addAll(one.refusals);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
    }
    assertThat(refusals).contains("DiskHeld", "LeaseVersionMismatch", "LockspaceNotReady");
  }

  /** One seeded history: some chaos, then peace, then a look at the result. */
  private static final class Case {
    private final Random random;
    private final SimulatedStorage storage = new SimulatedStorage();
    private final SimulatedHost host = new SimulatedHost("here", storage);
    private final Executor executor = new Executor(host, host, host, host.leases(), new AuditLog());
    private final Map<String, LeaseHistory> histories = new HashMap<>();
    private final Set<String> refusals = new TreeSet<>();
    private boolean poolIsThere = true;
    private final Map<String, Desired.Machine> machines = new HashMap<>();
    private final Map<String, Desired.Disk> disks = new HashMap<>();
    private Instant now = Instant.ofEpochSecond(1_000_000);

    Case(int seed) {
      random = new Random(seed);
    }

    void run() {
      for (int round = random.nextInt(12); round > 0; round--) {
        changeWishes();
        converge(1 + random.nextInt(3), true);
        chaos();
      }
      now = now.plusSeconds(3600);
      storage.letGoOfAll(ELSEWHERE);
      poolIsThere = true;
      machines.replaceAll((uuid, m) -> random.nextBoolean() ? m : wanted(m, false));
      boolean converged = converge(60, false);
      assertThat(converged).as("converges; still to do: %s", open()).isTrue();
      machines.values().forEach(this::assertAsWanted);
      assertNothingLeftOver();
    }

    private List<Task> open() {
      return new Planner(desired(), host.state(), now)
          .plan().tasks().stream().filter(task -> !task.actions().isEmpty()).toList();
    }

    /** Plans and executes up to so many times; true when nothing was left to do. */
    private boolean converge(int rounds, boolean crashes) {
      for (int round = 0; round < rounds; round++) {
        now = now.plusSeconds(random.nextInt(10));
        host.setTime(now);
        if (!crashes || random.nextBoolean()) {
          host.leases().letLockspacesLive();
        }
        rememberVersions();
        recordEnds();
        host.want(machines);
        Plan plan = new Planner(desired(), host.state(), now).plan();
        boolean released = false;
        for (Task task : plan.tasks()) {
          released |= task.released() && release(task.subject());
        }
        if (plan.isEmpty() && !released) {
          if (machines.values().stream().noneMatch(m -> m.deletedAt() != null)) {
            return true;
          }
          now = now.plusSeconds(60);
        }
        List<Task> tasks = new ArrayList<>(plan.tasks());
        Collections.shuffle(tasks, random);
        for (Task task : tasks) {
          execute(task, crashes);
        }
        if (!crashes) {
          obeyPowerButton();
        }
      }
      return false;
    }

    /**
     * Executes some first actions of a task, or all; what fails is planned again in the next round.
     */
    private void execute(Task task, boolean crashes) {
      List<Action> actions = task.actions();
      if (crashes && random.nextBoolean()) {
        actions = actions.subList(0, random.nextInt(actions.size() + 1));
      }
      try {
        executor.execute(Task.of(task.subject(), actions));
      } catch (HostException e) {
        assertThat(e.reason())
            .isIn(
                "BridgeMissing",
                "NotRunning",
                "ImageMissing",
                "DiskHeld",
                "LeaseVersionMismatch",
                "LockspaceNotReady",
                "LeaseStorageFailed",
                "LockspaceInUse");
        refusals.add(e.reason());
        if (task.subject() instanceof Subject.Machine machine) {
          rememberRefusal(machine.uuid(), e);
        }
      }
    }

    private Desired desired() {
      Map<String, Desired.Machine> withHistory = new HashMap<>();
      machines.forEach(
          (uuid, m) ->
              withHistory.put(
                  uuid,
                  new Desired.Machine(
                      m.name(),
                      m.spec(),
                      m.deletedAt(),
                      m.started(),
                      m.finished(),
                      null,
                      histories.getOrDefault(uuid, LeaseHistory.NONE))));
      return new Desired(
          withHistory,
          disks,
          poolIsThere ? Map.of(Scenarios.LOCKSPACE, Scenarios.lockspace(1)) : Map.of());
    }

    /** As the agent does, in its memory and in statuses. */
    private void rememberVersions() {
      HostLeases leases = host.leases().leases();
      for (Desired.Machine machine : machines.values()) {
        String uuid = machine.spec().uuid();
        Map<String, Long> versions = new HashMap<>();
        boolean all = true;
        for (Disk disk : machine.spec().disksOrEmpty()) {
          for (HostLeases.Held held : leases.of(uuid)) {
            if (held.lease().equals(disk.lease()) && held.version() != null) {
              versions.put(disk.name(), held.version());
            }
          }
          all &= disk.lease() == null || leases.holds(uuid, disk.lease());
        }
        LeaseHistory before = histories.getOrDefault(uuid, LeaseHistory.NONE);
        histories.put(
            uuid,
            new LeaseHistory(
                versions.isEmpty() ? before.versions() : versions, all ? null : before.refusal()));
      }
    }

    private void rememberRefusal(String uuid, HostException refusal) {
      boolean forGood = refusal.reason().equals("LeaseVersionMismatch");
      if (forGood || refusal.reason().equals("DiskHeld")) {
        histories.put(
            uuid,
            new LeaseHistory(
                histories.getOrDefault(uuid, LeaseHistory.NONE).versions(),
                new LeaseRefusal(forGood, refusal.reason(), "")));
      }
    }

    private void changeWishes() {
      int number = random.nextInt(4);
      String uuid = Scenarios.uuid(number);
      Desired.Machine old = machines.get(uuid);
      if (old == null) {
        machines.put(uuid, Scenarios.wanted(Scenarios.randomMachine(random, number)));
      } else if (random.nextBoolean()) {
        update(uuid, old, now, old.started(), old.finished());
      } else if (random.nextBoolean()) {
        machines.put(uuid, wanted(old, !old.spec().paused()));
      }
      int diskNumber = Scenarios.DISKS.get(random.nextInt(Scenarios.DISKS.size()));
      String path = Scenarios.imagePath(diskNumber);
      Desired.Disk disk = disks.get(path);
      ReclaimPolicy policy = random.nextBoolean() ? ReclaimPolicy.RETAIN : ReclaimPolicy.DELETE;
      if (disk == null) {
        disks.put(
            path, new Desired.Disk("default/d", Scenarios.disk(diskNumber, policy), false, false));
      } else if (random.nextInt(4) == 0) {
        disks.put(path, new Desired.Disk(disk.name(), disk.spec(), true, disk.made()));
      }
    }

    private static Desired.Machine wanted(Desired.Machine machine, boolean paused) {
      return new Desired.Machine(
          machine.name(),
          Scenarios.paused(machine.spec(), paused),
          machine.deletedAt(),
          machine.started(),
          machine.finished(),
          null);
    }

    private void chaos() {
      for (HostState.Machine machine : List.copyOf(host.machines().values())) {
        Guest guest = machine.guest() == Guest.RUNNING ? randomEnd() : machine.guest();
        switch (random.nextInt(4)) {
          case 0 -> host.crash(machine.uuid());
          case 1 -> host.guest(machine.uuid(), guest);
          default -> {}
        }
      }
      switch (random.nextInt(16)) {
        case 0 -> host.leases().loseStorage();
        case 1 -> host.leases().restartKeeper();
        case 2 -> host.leases().beLate();
        case 3 -> poolIsThere = !poolIsThere;
        case 4, 5, 6 -> runElsewhere();
        case 7 -> storage.letGoOfAll(ELSEWHERE);
        case 9 -> host.leases().forget();
        case 8 -> histories.replaceAll((uuid, h) -> new LeaseHistory(h.versions(), null));
        default -> {}
      }
      switch (random.nextInt(6)) {
        case 0 -> host.forgetExits();
        case 1 -> host.loseLink("hfb" + random.nextInt(2));
        default -> {}
      }
    }

    /** A machine of another host takes a disk that nobody has. */
    private void runElsewhere() {
      int disk = random.nextBoolean() ? Scenarios.SANLOCK_DISK : Scenarios.OFD_DISK;
      Lease lease = Objects.requireNonNull(Scenarios.lease(disk));
      Holder other = new Holder(ELSEWHERE, "other");
      if (storage.obstacle(lease, other).isEmpty()) {
        long ignored = storage.take(lease, other);
        host.diskIsWrittenElsewhere(Scenarios.imagePath(disk));
      }
    }

    private Guest randomEnd() {
      return switch (random.nextInt(3)) {
        case 0 -> Guest.SHUTDOWN;
        case 1 -> Guest.CRASHED;
        default -> Guest.IO_ERROR;
      };
    }

    private void obeyPowerButton() {
      for (HostState.Machine machine : List.copyOf(host.machines().values())) {
        if (machine.powerButtonAt() != null
            && machine.guest() == Guest.RUNNING
            && random.nextBoolean()) {
          host.guest(machine.uuid(), Guest.SHUTDOWN);
        }
      }
    }

    /**
     * What the agent's status remembers of a machine: that it has run, and its end if that was the
     * last.
     */
    private void recordEnds() {
      for (Desired.Machine machine : List.copyOf(machines.values())) {
        String uuid = machine.spec().uuid();
        HostState.Machine state = host.machine(uuid);
        boolean ended =
            state == null
                || !(state.process() instanceof QemuProcess.Running)
                || state.guest() == Guest.SHUTDOWN
                || state.guest() == Guest.CRASHED;
        boolean started = machine.started() || state != null;
        boolean clean = state != null && state.guest() == Guest.SHUTDOWN;
        boolean last =
            switch (machine.spec().restartPolicy()) {
              case ALWAYS -> false;
              case ON_FAILURE -> clean;
              case NEVER -> started && ended;
            };
        update(uuid, machine, machine.deletedAt(), started, machine.finished() || last);
      }
      disks.replaceAll(
          (path, disk) ->
              new Desired.Disk(
                  disk.name(),
                  disk.spec(),
                  disk.deleted(),
                  disk.made() || host.inspect(path) instanceof HostState.Image.Present));
    }

    private void update(
        String uuid,
        Desired.Machine machine,
        @org.jspecify.annotations.Nullable Instant deletedAt,
        boolean started,
        boolean finished) {
      machines.put(
          uuid,
          new Desired.Machine(machine.name(), machine.spec(), deletedAt, started, finished, null));
    }

    /** The agent lets go of what was given up; true when there was something to let go of. */
    private boolean release(Subject subject) {
      return switch (subject) {
        case Subject.Machine machine -> {
          Desired.Machine gone = machines.get(machine.uuid());
          yield gone != null && gone.deletedAt() != null && machines.remove(machine.uuid()) != null;
        }
        case Subject.Disk disk -> disks.remove(disk.path()) != null;
        case Subject.Networks networks -> false;
        case Subject.Lockspace lockspace -> false;
      };
    }

    private void assertAsWanted(Desired.Machine machine) {
      VirtualMachineInstanceSpec spec = machine.spec();
      boolean hasDisks =
          spec.disksOrEmpty().stream()
              .allMatch(d -> host.inspect(d.path()) instanceof HostState.Image.Present);
      boolean shares =
          machines.values().stream()
              .filter(other -> !other.equals(machine))
              .anyMatch(
                  other ->
                      other.spec().disksOrEmpty().stream()
                          .anyMatch(
                              d ->
                                  spec.disksOrEmpty().stream()
                                      .anyMatch(mine -> mine.path().equals(d.path()))));
      if (machine.finished()) {
        assertThat(host.isRunning(spec.uuid())).as("finished machine runs").isFalse();
      } else if (hasDisks
          && !shares
          && (spec.restartPolicy() != RestartPolicy.NEVER || !machine.started())) {
        assertThat(host.isRunning(spec.uuid())).as("%s runs", machine.name()).isTrue();
      }
      HostState.Machine state = host.machine(spec.uuid());
      LeaseHistory history = histories.getOrDefault(spec.uuid(), LeaseHistory.NONE);
      LeaseRefusal refusal = history.refusal();
      boolean lost =
          (refusal != null && refusal.forGood())
              || (host.leases().leases().of(spec.uuid()).isEmpty() && history.versions().isEmpty());
      boolean hasLeases = spec.disksOrEmpty().stream().anyMatch(disk -> disk.lease() != null);
      if (state != null && host.isRunning(spec.uuid()) && !(hasLeases && lost)) {
        assertThat(state.guest())
            .isIn(Guest.RUNNING, Guest.PAUSED, Guest.PRELAUNCH, Guest.IO_ERROR);
        assertThat(state.guest() == Guest.RUNNING).isEqualTo(!spec.paused());
      }
    }

    private void assertNothingLeftOver() {
      assertThat(host.machines().keySet()).isSubsetOf(machines.keySet());
      host.taps()
          .values()
          .forEach(tap -> assertThat(machines).containsKey(tap.definition().machineUuid()));
      assertThat(new Planner(desired(), host.state(), now).plan().isEmpty()).isTrue();
    }
  }
}
