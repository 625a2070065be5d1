package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.node.plan.Desired.LeaseRefusal;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.Image;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Starts, keeps and ends one machine. */
final class MachinePlanner {
  /** A guest that is still booting does not see the power button, so it is pressed again. */
  static final Duration POWER_BUTTON_INTERVAL = Duration.ofSeconds(5);

  private final Desired desired;
  private final HostState observed;
  private final Instant now;

  MachinePlanner(Desired desired, HostState observed, Instant now) {
    this.desired = desired;
    this.observed = observed;
    this.now = now;
  }

  Task plan(String uuid) {
    Subject subject = new Subject.Machine(uuid);
    Desired.Machine machine = desired.machines().get(uuid);
    HostState.Machine state = observed.machines().get(uuid);
    if (machine == null) {
      // A living machine that nobody wants is an orphan: a person decides about it.
      return Task.of(
          subject,
          isRunning(state) ? List.of() : MachineSteps.cleanUpUnknown(observed, uuid, state));
    }
    if (state != null && isRunning(state)) {
      return machine.wanted() ? keep(subject, machine, state) : end(subject, machine, state);
    }
    if (machine.wanted() && mayStart(machine, state)) {
      return start(subject, machine, state);
    }
    List<Action> actions = steps(machine).cleanUp(state);
    return new Task(subject, actions, null, !machine.wanted() && actions.isEmpty());
  }

  private MachineSteps steps(Desired.Machine machine) {
    return new MachineSteps(desired, observed, machine);
  }

  private LeasePlanner leases(Desired.Machine machine) {
    return new LeasePlanner(machine, observed);
  }

  private static boolean mayStart(Desired.Machine machine, HostState.@Nullable Machine state) {
    boolean hasRun =
        machine.started() || (state != null && state.process() instanceof QemuProcess.Exited);
    return !hasRun || machine.spec().restartPolicy() != RestartPolicy.NEVER;
  }

  private Task start(Subject subject, Desired.Machine machine, HostState.@Nullable Machine state) {
    Instant notBefore = machine.notBefore();
    if (notBefore != null && now.isBefore(notBefore)) {
      return Task.blocked(subject, "CrashLoopBackOff", "will be started again at " + notBefore);
    }
    String uuid = machine.spec().uuid();
    Optional<Task.Blocked> disks = obstacleOfDisks(machine);
    if (disks.isPresent()) {
      // What it waits for may wait for the leases that it has.
      return new Task(subject, LeasePlanner.release(observed, uuid), disks.get(), false);
    }
    Optional<Task.Blocked> lockspaces = leases(machine).obstacle();
    if (lockspaces.isPresent()) {
      return new Task(subject, List.of(), lockspaces.get(), false);
    }
    List<Action> actions = new ArrayList<>();
    if (state != null) {
      actions.add(new Action.CleanMachine(uuid));
    }
    if (leases(machine).holdsMore()) {
      // Of an earlier machine with this UUID; all go at once.
      actions.add(new Action.ReleaseLeases(uuid, false));
      actions.addAll(new MachineSteps(desired, observed.withoutLeases(uuid), machine).boot());
    } else {
      actions.addAll(steps(machine).boot());
    }
    return Task.of(subject, actions);
  }

  private Optional<Task.Blocked> obstacleOfDisks(Desired.Machine machine) {
    return machine.spec().disksOrEmpty().stream()
        .flatMap(disk -> obstacle(machine, disk).stream())
        .findFirst();
  }

  private Optional<Task.Blocked> obstacle(Desired.Machine machine, Disk disk) {
    Image image = observed.images().getOrDefault(disk.path(), new Image.Absent());
    if (!(image instanceof Image.Present present) || present.format() != disk.format()) {
      return Optional.of(
          new Task.Blocked(
              "DiskNotReady",
              "the image %s of disk %s is not there as a %s image; see the VirtualDisk %s"
                  .formatted(disk.path(), disk.name(), disk.format().qemuName(), disk.diskRef())));
    }
    return desired.machines().values().stream()
        .filter(other -> !other.spec().uuid().equals(machine.spec().uuid()))
        .filter(other -> conflicts(other, machine, disk, present))
        .findFirst()
        .map(
            other ->
                new Task.Blocked(
                    "DiskInUse",
                    "the image %s of disk %s is attached to %s, which must end first"
                        .formatted(disk.path(), disk.name(), other.name())));
  }

  /**
   * Whether the other machine has the disk. Of machines that wait for one image, the one to which
   * it was granted is first, then the one with the smallest UUID, so that two never start together.
   */
  private boolean conflicts(
      Desired.Machine other, Desired.Machine machine, Disk disk, Image.Present image) {
    if (other.spec().disksOrEmpty().stream().noneMatch(d -> excludeEachOther(d, disk))) {
      return false;
    }
    String uuid = other.spec().uuid();
    return isRunning(observed.machines().get(uuid))
        // Without its lease a machine that has ended could not give its image back.
        || (image.ownerUid() == other.spec().uid() && (other.wanted() || disk.lease() == null))
        || (other.wanted()
            && image.ownerUid() != machine.spec().uid()
            && uuid.compareTo(machine.spec().uuid()) < 0);
  }

  private static boolean excludeEachOther(Disk one, Disk other) {
    boolean shared =
        (one.readOnly() && other.readOnly()) || (one.group() != null && other.group() != null);
    return one.path().equals(other.path()) && !shared;
  }

  private static boolean isRunning(HostState.@Nullable Machine state) {
    return state != null && state.process() instanceof QemuProcess.Running;
  }

  private Task keep(Subject subject, Desired.Machine machine, HostState.Machine state) {
    if (!leases(machine).holdsAll()) {
      return keepWithoutLeases(subject, machine, state);
    }
    String uuid = state.uuid();
    boolean paused = machine.spec().paused();
    List<Action> actions = new ArrayList<>();
    if (state.guest() != Guest.SHUTDOWN && state.guest() != Guest.CRASHED) {
      actions.addAll(steps(machine).reconnect());
      actions.addAll(steps(machine).grants());
    }
    switch (state.guest()) {
      case PRELAUNCH -> {
        if (!paused) {
          actions.add(new Action.Resume(uuid));
        }
      }
      case PAUSED ->
          actions.addAll(
              paused ? leases(machine).letGoWhilePaused() : List.of(new Action.Resume(uuid)));
      case RUNNING -> {
        if (paused) {
          actions.add(new Action.Pause(uuid));
          actions.addAll(leases(machine).letGoWhilePaused());
        }
      }
      case IO_ERROR -> {
        if (!paused && !isEarly(machine)) {
          actions.add(new Action.Resume(uuid));
        }
      }
      case SHUTDOWN, CRASHED -> {
        if (isToBeRestarted(machine, state)) {
          actions.addAll(steps(machine).restart());
        }
      }
      case UNKNOWN -> {}
    }
    return Task.of(subject, actions);
  }

  private boolean isEarly(Desired.Machine machine) {
    Instant notBefore = machine.notBefore();
    return notBefore != null && now.isBefore(notBefore);
  }

  /** Whether a guest that has ended is to be started again, and now. */
  private boolean isToBeRestarted(Desired.Machine machine, HostState.Machine state) {
    RestartPolicy policy = machine.spec().restartPolicy();
    return state.guest() == Guest.SHUTDOWN
        // Otherwise the status must say Succeeded before the last witness of a clean end is gone.
        ? policy == RestartPolicy.ALWAYS
        : policy != RestartPolicy.NEVER && !isEarly(machine);
  }

  /** A QEMU that lives and may not write to its disks, or does so without the right to. */
  private Task keepWithoutLeases(
      Subject subject, Desired.Machine machine, HostState.Machine state) {
    boolean paused = machine.spec().paused();
    return switch (state.guest()) {
      case PAUSED, IO_ERROR ->
          paused
              ? Task.of(subject, leases(machine).letGoWhilePaused())
              : resumeAgain(subject, machine, List.of());
      // Its guest has not run yet, so nothing is lost by starting anew.
      case PRELAUNCH -> restartAnew(subject, machine);
      case SHUTDOWN, CRASHED ->
          isToBeRestarted(machine, state)
              ? restartAnew(subject, machine)
              : Task.of(subject, List.of());
      case RUNNING, UNKNOWN -> guard(subject, machine, state);
    };
  }

  /**
   * What must happen at once to a guest that may be writing without its leases. Those of the kind
   * ofd are QEMU's own as long as it lives, so the keeper is only asked to find them again.
   * Otherwise the guest is stopped, which does it no harm, and goes on when nobody else has had its
   * disks; one that cannot be stopped, or whose disk somebody else has, is ended.
   */
  private Task guard(Subject subject, Desired.Machine machine, HostState.Machine state) {
    boolean running = state.guest() == Guest.RUNNING;
    Action pause = new Action.Pause(state.uuid());
    if (leases(machine).lacksOnlyWhatQemuHolds()) {
      List<Action> actions = new ArrayList<>();
      if (running && machine.spec().paused()) {
        actions.add(pause);
      } else if (!isEarly(machine)) {
        actions.addAll(leases(machine).acquireAgain());
      }
      return Task.of(subject, actions);
    }
    if (!running || machine.leases().refusal() != null) {
      return Task.of(subject, List.of(steps(machine).kill()));
    }
    return machine.spec().paused()
        ? Task.of(subject, List.of(pause))
        : resumeAgain(subject, machine, List.of(pause));
  }

  /**
   * Gets the leases back and lets the guest go on, if nobody else has had its disks in between.
   *
   * @param before what must happen first, in any case
   */
  private Task resumeAgain(Subject subject, Desired.Machine machine, List<Action> before) {
    Optional<Task.Blocked> obstacle = obstacleToResuming(machine);
    List<Action> actions = new ArrayList<>(before);
    if (obstacle.isEmpty() && !isEarly(machine)) {
      actions.addAll(leases(machine).acquireAgain());
      actions.addAll(steps(machine).grants());
      actions.add(new Action.Resume(machine.spec().uuid()));
    }
    return new Task(subject, actions, obstacle.orElse(null), false);
  }

  private Optional<Task.Blocked> obstacleToResuming(Desired.Machine machine) {
    LeaseRefusal refusal = machine.leases().refusal();
    if (refusal != null && refusal.forGood()) {
      return Optional.of(new Task.Blocked(refusal.reason(), refusal.message()));
    }
    if (!leases(machine).couldProveThatNothingChanged()) {
      return Optional.of(
          new Task.Blocked(
              Task.Blocked.LEASE_VERSION_UNKNOWN,
              "the guest is paused without its leases, and it is not known which versions they had,"
                  + " so another machine may have written to its disks: it cannot go on. Delete the"
                  + " machine or set its runStrategy to Halted, and start it afresh"));
    }
    return leases(machine).obstacle();
  }

  private Task restartAnew(Subject subject, Desired.Machine machine) {
    if (isEarly(machine)) {
      return Task.of(subject, List.of());
    }
    return obstacleOfDisks(machine)
        .or(() -> leases(machine).obstacle())
        .map(blocked -> new Task(subject, List.of(), blocked, false))
        .orElseGet(() -> Task.of(subject, steps(machine).restart()));
  }

  private Task end(Subject subject, Desired.Machine machine, HostState.Machine state) {
    Instant deletedAt = machine.deletedAt();
    List<Action> kill = steps(machine).killAndCleanUp(state);
    if (deletedAt == null) {
      // Finished: its end is on record, so what is left of it may go. A guest that runs all the
      // same is spared.
      return switch (state.guest()) {
        case SHUTDOWN, CRASHED -> Task.of(subject, kill);
        case RUNNING ->
            leases(machine).mayWrite()
                ? Task.of(subject, List.of())
                : Task.of(subject, List.of(new Action.Pause(state.uuid())));
        case PRELAUNCH, PAUSED, IO_ERROR, UNKNOWN -> Task.of(subject, List.of());
      };
    }
    Instant deadline = deletedAt.plusSeconds(machine.spec().terminationGracePeriodSeconds());
    if (!now.isBefore(deadline)) {
      return Task.of(subject, kill);
    }
    return switch (state.guest()) {
      case PRELAUNCH, SHUTDOWN, CRASHED -> Task.of(subject, kill);
      case RUNNING, PAUSED, IO_ERROR, UNKNOWN ->
          leases(machine).holdsAll()
              ? Task.of(subject, shutDown(state))
              : shutDownWithoutLeases(subject, machine, state, kill);
    };
  }

  private List<Action> shutDown(HostState.Machine state) {
    Action press = new Action.PressPowerButton(state.uuid());
    Action resume = new Action.Resume(state.uuid());
    return switch (state.guest()) {
      case RUNNING -> powerButtonIsDue(state) ? List.of(press) : List.of();
      case PAUSED -> List.of(resume, press);
      // It will mostly be stopped again at once, so no more often than the button is pressed.
      case IO_ERROR -> powerButtonIsDue(state) ? List.of(resume, press) : List.of();
      case PRELAUNCH, SHUTDOWN, CRASHED, UNKNOWN -> List.of();
    };
  }

  private Task shutDownWithoutLeases(
      Subject subject, Desired.Machine machine, HostState.Machine state, List<Action> kill) {
    boolean running = state.guest() == Guest.RUNNING;
    List<Action> actions = new ArrayList<>();
    if (leases(machine).lacksOnlyWhatQemuHolds()) {
      if (running || state.guest() == Guest.UNKNOWN) {
        return Task.of(subject, shutDown(state));
      }
    } else if (machine.leases().refusal() != null
        || state.guest() == Guest.UNKNOWN
        || !leases(machine).couldProveThatNothingChanged()) {
      // A guest that can never go on cannot shut down either.
      return Task.of(subject, kill);
    } else if (running) {
      actions.add(new Action.Pause(state.uuid()));
    }
    Optional<Task.Blocked> obstacle = leases(machine).obstacle();
    if (obstacle.isEmpty() && !isEarly(machine) && powerButtonIsDue(state)) {
      actions.addAll(leases(machine).acquireAgain());
      actions.add(new Action.Resume(state.uuid()));
      actions.add(new Action.PressPowerButton(state.uuid()));
    }
    return new Task(subject, actions, obstacle.orElse(null), false);
  }

  private boolean powerButtonIsDue(HostState.Machine state) {
    Instant pressed = state.powerButtonAt();
    return pressed == null || !now.isBefore(pressed.plus(POWER_BUTTON_INTERVAL));
  }
}
