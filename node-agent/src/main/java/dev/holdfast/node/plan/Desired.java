package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.plan.HostLeases.LockspaceDefinition;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the control plane wants on this node.
 *
 * @param machines by UUID
 * @param disks by path of the image
 * @param lockspaces by name
 */
public record Desired(
    Map<String, Machine> machines,
    Map<String, Disk> disks,
    Map<String, LockspaceDefinition> lockspaces) {

  public static final Desired NOTHING = new Desired(Map.of(), Map.of());

  public Desired {
    machines = Map.copyOf(machines);
    disks = Map.copyOf(disks);
    lockspaces = Map.copyOf(lockspaces);
  }

  /** Without lockspaces. */
  public Desired(Map<String, Machine> machines, Map<String, Disk> disks) {
    this(machines, disks, Map.of());
  }

  /**
   * One machine.
   *
   * @param name {@code namespace/name} for messages; also the guest's name in QEMU
   * @param deletedAt when somebody asked for its end, or null while it should live
   * @param started whether it has ever run, as its status says
   * @param finished whether its status already says Succeeded or Failed, so that it must not be
   *     started again
   * @param notBefore when it may be started or resumed again after a failure, or null for at once
   * @param leases what became of its leases before
   */
  public record Machine(
      String name,
      VirtualMachineInstanceSpec spec,
      @Nullable Instant deletedAt,
      boolean started,
      boolean finished,
      @Nullable Instant notBefore,
      LeaseHistory leases) {

    /** Without any history of leases. */
    public Machine(
        String name,
        VirtualMachineInstanceSpec spec,
        @Nullable Instant deletedAt,
        boolean started,
        boolean finished,
        @Nullable Instant notBefore) {
      this(name, spec, deletedAt, started, finished, notBefore, LeaseHistory.NONE);
    }

    /** Whether the machine shall run now or, given time, later. */
    public boolean wanted() {
      return deletedAt == null && !finished;
    }
  }

  /**
   * What is known of a machine's leases from before.
   *
   * @param versions by name of the disk: the version that its exclusive sanlock lease had last
   * @param refusal that the living QEMU was told when it was last tried to get missing leases back,
   *     or null
   */
  public record LeaseHistory(Map<String, Long> versions, @Nullable LeaseRefusal refusal) {
    public static final LeaseHistory NONE = new LeaseHistory(Map.of(), null);

    public LeaseHistory {
      versions = Map.copyOf(versions);
    }
  }

  /**
   * Somebody else has a lease, or had it.
   *
   * @param forGood whether a guest that has lost it can never go on
   * @param reason in CamelCase
   */
  public record LeaseRefusal(boolean forGood, String reason, String message) {}

  /**
   * One disk image.
   *
   * @param name {@code namespace/name} for messages
   * @param deleted whether the image is to be given up: deleted or kept, as the reclaim policy says
   * @param made whether its status already says that the image is there; an image that then is
   *     missing was lost and is never replaced by an empty one
   */
  public record Disk(String name, VirtualDiskInstanceSpec spec, boolean deleted, boolean made) {}
}
