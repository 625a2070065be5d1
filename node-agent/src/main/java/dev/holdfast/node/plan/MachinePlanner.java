package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
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
      return Task.of(subject, isRunning(state) ? List.of() : cleanUp(uuid, state, List.of()));
    }
    if (state != null && isRunning(state)) {
      return Task.of(subject, machine.wanted() ? keep(machine, state) : end(machine, state));
    }
    if (machine.wanted() && mayStart(machine, state)) {
      return start(subject, machine, state);
    }
    List<Action> actions = cleanUp(uuid, state, machine.spec().disksOrEmpty());
    return new Task(subject, actions, null, !machine.wanted() && actions.isEmpty());
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
    VirtualMachineInstanceSpec spec = machine.spec();
    for (Disk disk : spec.disksOrEmpty()) {
      Optional<Task.Blocked> obstacle = obstacle(machine, disk);
      if (obstacle.isPresent()) {
        return new Task(subject, List.of(), obstacle.get(), false);
      }
    }
    List<Action> actions = new ArrayList<>();
    if (state != null) {
      actions.add(new Action.CleanMachine(spec.uuid()));
    }
    actions.addAll(boot(machine));
    return Task.of(subject, actions);
  }

  private List<Action> boot(Desired.Machine machine) {
    List<Action> actions =
        new ArrayList<>(NetworkPlanner.connect(desired, observed, machine.spec()));
    actions.addAll(grants(machine.spec()));
    actions.add(new Action.LaunchQemu(machine));
    if (!machine.spec().paused()) {
      actions.add(new Action.Resume(machine.spec().uuid()));
    }
    return actions;
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
    boolean shares =
        other.spec().disksOrEmpty().stream()
            .anyMatch(d -> d.path().equals(disk.path()) && !(d.readOnly() && disk.readOnly()));
    if (!shares) {
      return false;
    }
    String uuid = other.spec().uuid();
    return isRunning(observed.machines().get(uuid))
        || image.ownerUid() == other.spec().uid()
        || (other.wanted()
            && image.ownerUid() != machine.spec().uid()
            && uuid.compareTo(machine.spec().uuid()) < 0);
  }

  private static boolean isRunning(HostState.@Nullable Machine state) {
    return state != null && state.process() instanceof QemuProcess.Running;
  }

  private List<Action> keep(Desired.Machine machine, HostState.Machine state) {
    String uuid = state.uuid();
    RestartPolicy policy = machine.spec().restartPolicy();
    List<Action> actions = new ArrayList<>();
    if (state.guest() != Guest.SHUTDOWN && state.guest() != Guest.CRASHED) {
      actions.addAll(reconnect(machine.spec()));
      actions.addAll(grants(machine.spec()));
    }
    boolean early = machine.notBefore() != null && now.isBefore(machine.notBefore());
    switch (state.guest()) {
      case PRELAUNCH, PAUSED -> {
        if (!machine.spec().paused()) {
          actions.add(new Action.Resume(uuid));
        }
      }
      case RUNNING -> {
        if (machine.spec().paused()) {
          actions.add(new Action.Pause(uuid));
        }
      }
      case IO_ERROR -> {
        if (!machine.spec().paused() && !early) {
          actions.add(new Action.Resume(uuid));
        }
      }
      case SHUTDOWN -> {
        // Otherwise the status must say Succeeded before the last witness of a clean end is gone.
        if (policy == RestartPolicy.ALWAYS) {
          actions.addAll(restart(machine));
        }
      }
      case CRASHED -> {
        if (policy != RestartPolicy.NEVER && !early) {
          actions.addAll(restart(machine));
        }
      }
      case UNKNOWN -> {}
    }
    return actions;
  }

  private List<Action> restart(Desired.Machine machine) {
    List<Action> actions = new ArrayList<>();
    actions.add(new Action.KillQemu(machine.spec().uuid()));
    actions.add(new Action.CleanMachine(machine.spec().uuid()));
    actions.addAll(boot(machine));
    return actions;
  }

  /**
   * A tap that a running QEMU has lost cannot be given to it again, so only bridges and plugs are
   * mended.
   */
  private List<Action> reconnect(VirtualMachineInstanceSpec spec) {
    return NetworkPlanner.connect(desired, observed, spec).stream()
        .filter(
            action ->
                !(action instanceof Action.EnsureTap ensure)
                    || observed.taps().containsKey(ensure.tap().name()))
        .toList();
  }

  private List<Action> grants(VirtualMachineInstanceSpec spec) {
    List<Action> actions = new ArrayList<>();
    for (Disk disk : spec.disksOrEmpty()) {
      if (observed.images().get(disk.path()) instanceof Image.Present present
          && present.ownerUid() != spec.uid()) {
        actions.add(new Action.GrantImage(disk.path(), spec.uid()));
      }
    }
    return actions;
  }

  private List<Action> end(Desired.Machine machine, HostState.Machine state) {
    List<Action> kill = new ArrayList<>();
    kill.add(new Action.KillQemu(state.uuid()));
    kill.addAll(cleanUp(state.uuid(), state, machine.spec().disksOrEmpty()));
    Instant deletedAt = machine.deletedAt();
    if (deletedAt == null) {
      // Finished: its end is on record, so what is left of it may go. A guest that runs all the
      // same is spared.
      return state.guest() == Guest.SHUTDOWN || state.guest() == Guest.CRASHED ? kill : List.of();
    }
    Instant deadline = deletedAt.plusSeconds(machine.spec().terminationGracePeriodSeconds());
    if (!now.isBefore(deadline)) {
      return kill;
    }
    return switch (state.guest()) {
      case PRELAUNCH, SHUTDOWN, CRASHED -> kill;
      case RUNNING ->
          powerButtonIsDue(state) ? List.of(new Action.PressPowerButton(state.uuid())) : List.of();
      case PAUSED ->
          List.of(new Action.Resume(state.uuid()), new Action.PressPowerButton(state.uuid()));
      // It will mostly be stopped again at once, so no more often than the button is pressed.
      case IO_ERROR ->
          powerButtonIsDue(state)
              ? List.of(new Action.Resume(state.uuid()), new Action.PressPowerButton(state.uuid()))
              : List.of();
      case UNKNOWN -> List.of();
    };
  }

  private boolean powerButtonIsDue(HostState.Machine state) {
    Instant pressed = state.powerButtonAt();
    return pressed == null || !now.isBefore(pressed.plus(POWER_BUTTON_INTERVAL));
  }

  private List<Action> cleanUp(String uuid, HostState.@Nullable Machine state, List<Disk> disks) {
    List<Action> actions = new ArrayList<>();
    if (state != null) {
      actions.add(new Action.CleanMachine(uuid));
    }
    actions.addAll(NetworkPlanner.disconnect(observed, uuid));
    Desired.Machine machine = desired.machines().get(uuid);
    for (Disk disk : disks) {
      if (machine != null
          && observed.images().get(disk.path()) instanceof Image.Present present
          && present.ownerUid() == machine.spec().uid()) {
        actions.add(new Action.RevokeImage(disk.path()));
      }
    }
    return actions;
  }
}
