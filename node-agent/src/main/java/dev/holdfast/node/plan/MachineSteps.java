package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.node.plan.HostState.Image;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The sequences of actions that a machine's life consists of. */
final class MachineSteps {
  private final Desired desired;
  private final HostState observed;
  private final Desired.Machine machine;
  private final VirtualMachineInstanceSpec spec;
  private final LeasePlanner leases;

  MachineSteps(Desired desired, HostState observed, Desired.Machine machine) {
    this.desired = desired;
    this.observed = observed;
    this.machine = machine;
    this.spec = machine.spec();
    this.leases = new LeasePlanner(machine, observed);
  }

  /**
   * From nothing to a guest. Leases come first: QEMU may write to an image as soon as it opens it.
   */
  List<Action> boot() {
    List<Action> actions = new ArrayList<>(leases.acquireAfresh());
    actions.addAll(NetworkPlanner.connect(desired, observed, spec));
    actions.addAll(grants());
    actions.add(new Action.LaunchQemu(machine));
    if (!spec.paused()) {
      actions.add(new Action.Resume(spec.uuid()));
    }
    return actions;
  }

  /** Another QEMU in place of one that lives. Leases that it holds are kept. */
  List<Action> restart() {
    List<Action> actions = new ArrayList<>();
    actions.add(kill());
    actions.add(new Action.CleanMachine(spec.uuid()));
    actions.addAll(boot());
    return actions;
  }

  /** Ends QEMU. Without its leases it must not write to its images any more, not even to flush. */
  Action kill() {
    return new Action.KillQemu(spec.uuid(), leases.mayWrite());
  }

  /** Ends QEMU and removes what there is of the machine. */
  List<Action> killAndCleanUp(HostState.Machine state) {
    List<Action> actions = new ArrayList<>();
    actions.add(kill());
    actions.addAll(cleanUp(state));
    return actions;
  }

  /**
   * Removes what there is of a machine without a process. The images are taken back while their
   * leases are still held.
   */
  List<Action> cleanUp(HostState.@Nullable Machine state) {
    List<Action> actions = remains(observed, spec.uuid(), state);
    for (Disk disk : spec.disksOrEmpty()) {
      if (disk.group() == null
          && leases.holds(disk.lease())
          && observed.images().get(disk.path()) instanceof Image.Present present
          && present.ownerUid() == spec.uid()) {
        actions.add(new Action.RevokeImage(disk.path()));
      }
    }
    actions.addAll(LeasePlanner.release(observed, spec.uuid()));
    return actions;
  }

  /** Removes what there is of a machine of which nothing but its UUID is known. */
  static List<Action> cleanUpUnknown(
      HostState observed, String uuid, HostState.@Nullable Machine state) {
    List<Action> actions = remains(observed, uuid, state);
    actions.addAll(LeasePlanner.release(observed, uuid));
    return actions;
  }

  private static List<Action> remains(
      HostState observed, String uuid, HostState.@Nullable Machine state) {
    List<Action> actions = new ArrayList<>();
    if (state != null) {
      actions.add(new Action.CleanMachine(uuid));
    }
    actions.addAll(NetworkPlanner.disconnect(observed, uuid));
    return actions;
  }

  /**
   * A tap that a running QEMU has lost cannot be given to it again, so only bridges and plugs are
   * mended.
   */
  List<Action> reconnect() {
    return NetworkPlanner.connect(desired, observed, spec).stream()
        .filter(
            action ->
                !(action instanceof Action.EnsureTap ensure)
                    || observed.taps().containsKey(ensure.tap().name()))
        .toList();
  }

  /** Lets QEMU open the machine's images; all leases are held by then. */
  List<Action> grants() {
    return spec.disksOrEmpty().stream().flatMap(disk -> grant(disk).stream()).toList();
  }

  private Optional<Action> grant(Disk disk) {
    if (!(observed.images().get(disk.path()) instanceof Image.Present present)) {
      return Optional.empty();
    }
    Integer group = disk.group();
    if (group == null) {
      return present.ownerUid() == spec.uid()
          ? Optional.empty()
          : Optional.of(new Action.GrantImage(disk.path(), spec.uid()));
    }
    return present.group() == group
        ? Optional.empty()
        : Optional.of(new Action.ShareImage(disk.path(), group));
  }
}
