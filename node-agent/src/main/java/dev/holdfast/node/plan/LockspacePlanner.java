package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.node.plan.HostLeases.Lockspace;
import dev.holdfast.node.plan.HostLeases.LockspaceDefinition;
import java.util.ArrayList;
import java.util.List;

/** A lockspace is joined as long as a pool of the node has it, and left when nobody needs it. */
final class LockspacePlanner {
  private LockspacePlanner() {}

  static Task plan(Desired desired, HostState observed, String name) {
    Subject subject = new Subject.Lockspace(name);
    LockspaceDefinition wanted = desired.lockspaces().get(name);
    Lockspace joined = observed.leases().lockspaces().get(name);
    if (joined == null) {
      return Task.of(subject, wanted == null ? List.of() : join(wanted));
    }
    if (joined.definition().equals(wanted) || joined.phase() == null) {
      return Task.of(subject, List.of());
    }
    if (observed.leases().isInUse(name) || isNeeded(desired, name)) {
      return wanted == null
          ? Task.of(subject, List.of())
          : Task.blocked(
              subject,
              "LockspaceInUse",
              "lockspace %s is joined with host id %d at %s and wanted with %d at %s; it changes when no machine of the node needs it"
                  .formatted(
                      name,
                      joined.definition().hostId(),
                      joined.definition().path(),
                      wanted.hostId(),
                      wanted.path()));
    }
    List<Action> actions = new ArrayList<>();
    actions.add(new Action.LeaveLockspace(name));
    if (wanted != null) {
      actions.addAll(join(wanted));
    }
    return Task.of(subject, actions);
  }

  /** Whether a machine that is on its way would want it again at once. */
  private static boolean isNeeded(Desired desired, String name) {
    return desired.machines().values().stream()
        .filter(Desired.Machine::wanted)
        .flatMap(machine -> machine.spec().disksOrEmpty().stream())
        .map(VirtualMachineInstanceSpec.Disk::lease)
        .anyMatch(lease -> lease != null && name.equals(lease.lockspace()));
  }

  private static List<Action> join(LockspaceDefinition wanted) {
    return List.of(new Action.FormatLockspace(wanted), new Action.JoinLockspace(wanted));
  }
}
