package dev.holdfast.node.plan;

import dev.holdfast.node.plan.HostState.QemuProcess;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Finds what is to be done so that a host becomes what is wanted. A pure function: same arguments,
 * same plan.
 *
 * <p>What it guarantees, for any desired and observed state:
 *
 * <ul>
 *   <li>carrying out its actions, stopped after any of them and planned afresh, converges;
 *   <li>a converged host gives an empty plan;
 *   <li>nothing that is not wanted and runs is ever killed, and nothing that is not ours is ever
 *       changed;
 *   <li>no two machines that run use one image unless both only read it;
 *   <li>no image of which there is a lease is granted, opened or written without it, and a lease is
 *       given back only when no process is left that could write, or its guest stands still and can
 *       go on only if nobody else has had the disk;
 *   <li>an image that once was there is never replaced by an empty one.
 * </ul>
 */
public final class Planner {
  private final Desired desired;
  private final HostState observed;
  private final Instant now;

  public Planner(Desired desired, HostState observed, Instant now) {
    this.desired = desired;
    this.observed = observed;
    this.now = now;
  }

  /** The plan for the whole host. */
  public Plan plan() {
    List<Task> tasks = new ArrayList<>();
    Set<String> lockspaces = new TreeSet<>(desired.lockspaces().keySet());
    lockspaces.addAll(observed.leases().lockspaces().keySet());
    lockspaces.stream().map(this::lockspace).forEach(tasks::add);
    desired.disks().keySet().stream().sorted().map(this::disk).forEach(tasks::add);
    Set<String> uuids = new TreeSet<>(desired.machines().keySet());
    uuids.addAll(observed.machines().keySet());
    uuids.addAll(observed.leases().held().keySet());
    observed.taps().values().forEach(tap -> uuids.add(tap.definition().machineUuid()));
    uuids.stream().map(this::machine).forEach(tasks::add);
    tasks.add(networks());
    return new Plan(tasks, orphans());
  }

  /** What is to be done for the machine with that UUID, wanted or not. */
  public Task machine(String uuid) {
    return new MachinePlanner(desired, observed, now).plan(uuid);
  }

  /** What is to be done for the disk with its image at that path. */
  public Task disk(String path) {
    return DiskPlanner.plan(desired, observed, path);
  }

  /** What is to be done for the lockspace with that name. */
  public Task lockspace(String name) {
    return LockspacePlanner.plan(desired, observed, name);
  }

  /** What is to be done about networks that no machine needs any more. */
  public Task networks() {
    return NetworkPlanner.unneeded(desired, observed);
  }

  /** UUIDs of the machines that run although nobody wants them. */
  public Set<String> orphans() {
    return observed.machines().values().stream()
        .filter(machine -> machine.process() instanceof QemuProcess.Running)
        .map(HostState.Machine::uuid)
        .filter(uuid -> !desired.machines().containsKey(uuid))
        .collect(Collectors.toSet());
  }
}
