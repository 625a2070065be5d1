package dev.holdfast.node.agent.status;

import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.HeldLease;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.plan.HostLeases;
import dev.holdfast.node.plan.HostLeases.Held;
import dev.holdfast.node.plan.HostLeases.Lockspace;
import dev.holdfast.node.plan.HostState;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.QemuProcess;
import dev.holdfast.node.plan.Task;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What is told of a machine's leases. A pure function of its arguments. */
public final class LeaseStatus {
  /** Condition of machines with leases: whether they hold all of them. */
  public static final String LEASES_HELD = "LeasesHeld";

  /** Reason when the keeper has killed a machine because of its leases. */
  public static final String LEASE_LOST = "LeaseLost";

  /** Reasons of failures and obstacles that are about leases. */
  private static final Set<String> LEASE_REASONS =
      Stream.concat(
              LeaseHost.REFUSALS.stream(),
              Stream.of(Task.Blocked.LEASE_VERSION_UNKNOWN, LEASE_LOST))
          .collect(Collectors.toUnmodifiableSet());

  private final VirtualMachineInstanceSpec spec;
  private final HostState.@Nullable Machine state;
  private final HostLeases leases;

  LeaseStatus(
      VirtualMachineInstanceSpec spec, HostState.@Nullable Machine state, HostLeases leases) {
    this.spec = spec;
    this.state = state;
    this.leases = leases;
  }

  private boolean isRunning() {
    return state != null && state.process() instanceof QemuProcess.Running;
  }

  private List<Disk> leased() {
    return spec.disksOrEmpty().stream().filter(disk -> disk.lease() != null).toList();
  }

  private Optional<Held> held(Disk disk) {
    return Optional.ofNullable(disk.lease()).flatMap(lease -> leases.find(spec.uuid(), lease));
  }

  /**
   * The leases for the status: those that are held, and those that a guest which stands still must
   * get again unchanged.
   */
  @Nullable List<HeldLease> held(@Nullable VirtualMachineInstanceStatus before) {
    List<HeldLease> all = new ArrayList<>();
    for (Disk disk : leased()) {
      Optional<HeldLease> now = held(disk).map(held -> status(disk.name(), held));
      now.or(() -> isRunning() ? past(disk.name(), before) : Optional.empty()).ifPresent(all::add);
    }
    return all.isEmpty() ? null : List.copyOf(all);
  }

  private static HeldLease status(String disk, Held held) {
    return new HeldLease(
        disk,
        held.hostId(),
        held.generation(),
        held.version(),
        held.since().truncatedTo(ChronoUnit.SECONDS).toString());
  }

  private static Optional<HeldLease> past(
      String disk, @Nullable VirtualMachineInstanceStatus before) {
    return before == null
        ? Optional.empty()
        : before.leasesOrEmpty().stream().filter(each -> each.disk().equals(disk)).findFirst();
  }

  /**
   * Whether the keeper has killed a QEMU that is not gone yet: its leases can no longer be renewed,
   * and nobody may take it for dead.
   */
  Optional<String> stuck() {
    if (!(state != null && state.process() instanceof QemuProcess.Running running)) {
      return Optional.empty();
    }
    return leased().stream()
        .flatMap(disk -> lockspace(disk).stream())
        .filter(lockspace -> lockspace.phase() == LockspacePhase.FAILED)
        .findFirst()
        .map(
            lockspace ->
                "lockspace %s has failed%s, so the keeper has killed QEMU (process %d), which is not gone yet: a system call of it hangs, most likely on storage that does not answer (see /proc/%d/stack). It counts as alive until the kernel has ended it"
                    .formatted(
                        lockspace.definition().name(),
                        lockspace.message() == null ? "" : " (" + lockspace.message() + ")",
                        running.processId(),
                        running.processId()));
  }

  private Optional<Lockspace> lockspace(Disk disk) {
    VirtualMachineInstanceSpec.Lease lease = disk.lease();
    return lease == null || lease.backend() != LeaseBackend.SANLOCK
        ? Optional.empty()
        : Optional.ofNullable(leases.lockspaces().get(String.valueOf(lease.lockspace())));
  }

  /** The cause, if it is about leases. */
  static Optional<Cause> aboutLeases(@Nullable Cause cause) {
    return Optional.ofNullable(cause).filter(each -> LEASE_REASONS.contains(each.reason()));
  }

  /**
   * Adds the condition, if the machine has leases.
   *
   * @param obstacle why it does not get them, or null
   */
  void addTo(Conditions conditions, @Nullable Cause obstacle) {
    List<Disk> leased = leased();
    if (leased.isEmpty()) {
      return;
    }
    Optional<String> stuck = stuck();
    if (stuck.isPresent()) {
      conditions.add(LEASES_HELD, "Unknown", "ProcessStuck", stuck.get());
    } else if (leased.stream().allMatch(disk -> held(disk).isPresent())) {
      addHeld(conditions, leased);
    } else if (obstacle != null) {
      conditions.add(LEASES_HELD, false, obstacle.reason(), obstacle.message());
    } else if (isRunning() && state != null && state.guest() == Guest.PAUSED) {
      conditions.add(
          LEASES_HELD,
          false,
          "GivenBackWhilePaused",
          "the guest stands still; it goes on only if nobody else has had its disks until then");
    } else if (isRunning()) {
      conditions.add(LEASES_HELD, false, "NotHeld", "the machine runs without all of its leases");
    } else {
      conditions.add(LEASES_HELD, false, "NotRunning", "nothing runs that would need them");
    }
  }

  private void addHeld(Conditions conditions, List<Disk> leased) {
    Optional<Lockspace> late =
        leased.stream()
            .flatMap(disk -> lockspace(disk).stream())
            .filter(lockspace -> lockspace.phase() == LockspacePhase.LATE)
            .findFirst();
    if (late.isPresent()) {
      conditions.add(
          LEASES_HELD,
          true,
          "RenewalLate",
          "the leases in lockspace %s can not be renewed%s; QEMU is killed if that lasts"
              .formatted(
                  late.get().definition().name(),
                  late.get().message() == null ? "" : " (" + late.get().message() + ")"));
    } else {
      conditions.add(
          LEASES_HELD,
          true,
          "Held",
          leased.size() == 1
              ? "the lease of its disk is held"
              : "the leases of its %d disks are held".formatted(leased.size()));
    }
  }
}
