package dev.holdfast.node.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.node.execute.AuditLog;
import dev.holdfast.node.execute.Executor;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.SimulatedHost;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * From any state, with the agent crashing after any action and with guests, QEMU and other people
 * acting in between, the host becomes what is wanted, and on the way the simulated host never sees
 * what must never be done.
 */
class PlannerConvergenceTest {
  private static final int CASES = 20_000;

  @Test
  void convergesFromAnyStateWithCrashesAfterAnyAction() {
    for (int seed = 0; seed < CASES; seed++) {
      try {
        new Case(seed).run();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
    }
  }

  /** One seeded history: some chaos, then peace, then a look at the result. */
  private static final class Case {
    private final Random random;
    private final SimulatedHost host = new SimulatedHost();
    private final Executor executor = new Executor(host, host, host, new AuditLog());
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
      boolean converged = converge(60, false);
      assertThat(converged).as("converges").isTrue();
      machines.values().forEach(this::assertAsWanted);
      assertNothingLeftOver();
    }

    /** Plans and executes up to so many times; true when nothing was left to do. */
    private boolean converge(int rounds, boolean crashes) {
      for (int round = 0; round < rounds; round++) {
        now = now.plusSeconds(random.nextInt(10));
        host.setTime(now);
        recordEnds();
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
        assertThat(e.reason()).isIn("BridgeMissing", "NotRunning", "ImageMissing");
      }
    }

    private Desired desired() {
      return new Desired(machines, disks);
    }

    private void changeWishes() {
      int number = random.nextInt(4);
      String uuid = Scenarios.uuid(number);
      Desired.Machine old = machines.get(uuid);
      if (old == null) {
        machines.put(uuid, Scenarios.wanted(Scenarios.randomMachine(random, number)));
      } else if (random.nextBoolean()) {
        update(uuid, old, now, old.started(), old.finished());
      }
      int diskNumber = random.nextInt(3);
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

    private void chaos() {
      for (HostState.Machine machine : List.copyOf(host.machines().values())) {
        Guest guest = machine.guest() == Guest.RUNNING ? randomEnd() : machine.guest();
        switch (random.nextInt(4)) {
          case 0 -> host.crash(machine.uuid());
          case 1 -> host.guest(machine.uuid(), guest);
          default -> {}
        }
      }
      switch (random.nextInt(6)) {
        case 0 -> host.forgetExits();
        case 1 -> host.loseLink("hfb" + random.nextInt(2));
        default -> {}
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
      if (state != null && host.isRunning(spec.uuid())) {
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
