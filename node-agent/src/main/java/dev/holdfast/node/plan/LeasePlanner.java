package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.node.plan.HostLeases.Held;
import dev.holdfast.node.plan.HostLeases.Lockspace;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What one machine needs, has and lacks of leases. */
final class LeasePlanner {
  private final Desired.Machine machine;
  private final HostLeases leases;

  LeasePlanner(Desired.Machine machine, HostState observed) {
    this.machine = machine;
    this.leases = observed.leases();
  }

  private String uuid() {
    return machine.spec().uuid();
  }

  private static List<Disk> leased(VirtualMachineInstanceSpec spec) {
    return spec.disksOrEmpty().stream().filter(disk -> disk.lease() != null).toList();
  }

  private List<Disk> missing() {
    return leased(machine.spec()).stream().filter(disk -> !holds(disk.lease())).toList();
  }

  /** Whether the machine holds the lease; it has whatever there is no lease of. */
  boolean holds(@Nullable Lease lease) {
    return lease == null || leases.holds(uuid(), lease);
  }

  boolean holdsAll() {
    return missing().isEmpty();
  }

  /**
   * Why leases cannot be had now. A lease that is held is not looked at twice, but in a lockspace
   * that is not live it may be gone in the next moment.
   */
  Optional<Task.Blocked> obstacle() {
    for (Disk disk : leased(machine.spec())) {
      Optional<Task.Blocked> obstacle = obstacle(disk, disk.lease());
      if (obstacle.isPresent()) {
        return obstacle;
      }
    }
    return Optional.empty();
  }

  private Optional<Task.Blocked> obstacle(Disk disk, @Nullable Lease lease) {
    if (lease == null || lease.backend() != LeaseBackend.SANLOCK) {
      return Optional.empty();
    }
    Lockspace lockspace = leases.lockspaces().get(String.valueOf(lease.lockspace()));
    if (lockspace != null && lockspace.isLive()) {
      return Optional.empty();
    }
    return Optional.of(
        new Task.Blocked(
            Task.Blocked.LOCKSPACE_NOT_READY,
            "the lease of disk %s (VirtualDisk %s) is in lockspace %s, %s"
                .formatted(disk.name(), disk.diskRef(), lease.lockspace(), state(lockspace))));
  }

  static String state(@Nullable Lockspace lockspace) {
    if (lockspace == null) {
      return "which this node has not joined; the StoragePool's status.hosts must name the node";
    }
    String message = lockspace.message() == null ? "" : ": " + lockspace.message();
    String phase =
        switch (lockspace.phase()) {
          case null -> "which this node is leaving";
          case JOINING -> "which this node is still joining";
          case LIVE -> "which is live";
          case LATE -> "whose lease this node can not renew in time";
          case FAILED -> "which this node has lost because its storage does not answer";
        };
    return phase + message;
  }

  /** Acquires what is missing for a QEMU that is yet to be started. */
  List<Action> acquireAfresh() {
    return acquire(false);
  }

  /**
   * Acquires what is missing for a guest that knows its disks, which must be as it has left them.
   */
  List<Action> acquireAgain() {
    return acquire(true);
  }

  private List<Action> acquire(boolean unchanged) {
    List<Action.LeaseOfDisk> wanted =
        missing().stream()
            .map(
                disk ->
                    new Action.LeaseOfDisk(
                        disk.name(), leaseOf(disk), unchanged ? version(disk) : null))
            .toList();
    return wanted.isEmpty() ? List.of() : List.of(new Action.AcquireLeases(uuid(), wanted));
  }

  private static Lease leaseOf(Disk disk) {
    Lease lease = disk.lease();
    if (lease == null) {
      throw new IllegalArgumentException("disk " + disk.name() + " has no lease");
    }
    return lease;
  }

  /**
   * The version that an exclusive lease must have. Others that share one acquire it at any time,
   * and ofd knows no versions.
   */
  private @Nullable Long version(Disk disk) {
    return proves(leaseOf(disk)) ? machine.leases().versions().get(disk.name()) : null;
  }

  private static boolean proves(Lease lease) {
    return lease.backend() == LeaseBackend.SANLOCK && lease.mode() == LeaseMode.EXCLUSIVE;
  }

  /** Whether it could be proved of every missing lease that nobody else had it in between. */
  boolean couldProveThatNothingChanged() {
    Map<String, Long> versions = machine.leases().versions();
    return missing().stream()
        .allMatch(disk -> !proves(leaseOf(disk)) || versions.containsKey(disk.name()));
  }

  /**
   * Whether only leases of the kind ofd are missing: QEMU itself holds those of a machine that it
   * was launched with, as long as it lives, by descriptors that it inherited.
   */
  boolean lacksOnlyWhatQemuHolds() {
    return missing().stream().allMatch(disk -> leaseOf(disk).backend() == LeaseBackend.OFD);
  }

  /** Whether the machine's living QEMU may write to its images. */
  boolean mayWrite() {
    return holdsAll() || lacksOnlyWhatQemuHolds();
  }

  /**
   * Whether a paused machine gives its leases back: only where it can be proved later that nobody
   * had them in between.
   */
  private boolean mayLetGoWhilePaused() {
    return leased(machine.spec()).stream().allMatch(disk -> proves(leaseOf(disk)));
  }

  /** Gives the leases of a machine back whose guest stands still. */
  List<Action> letGoWhilePaused() {
    return !leases.of(uuid()).isEmpty() && mayLetGoWhilePaused()
        ? List.of(new Action.ReleaseLeases(uuid(), true))
        : List.of();
  }

  /** Whether it holds a lease that it does not need, such as one of an earlier machine. */
  boolean holdsMore() {
    List<Lease> wanted = leased(machine.spec()).stream().map(LeasePlanner::leaseOf).toList();
    return leases.of(uuid()).stream().map(Held::lease).anyMatch(lease -> !wanted.contains(lease));
  }

  /** Gives back whatever a machine holds whose process is gone. */
  static List<Action> release(HostState observed, String uuid) {
    return observed.leases().of(uuid).isEmpty()
        ? List.of()
        : List.of(new Action.ReleaseLeases(uuid, false));
  }
}
