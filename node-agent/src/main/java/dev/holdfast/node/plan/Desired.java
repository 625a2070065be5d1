package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the control plane wants on this node.
 *
 * @param machines by UUID
 * @param disks by path of the image
 */
public record Desired(Map<String, Machine> machines, Map<String, Disk> disks) {

  public static final Desired NOTHING = new Desired(Map.of(), Map.of());

  public Desired {
    machines = Map.copyOf(machines);
    disks = Map.copyOf(disks);
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
   */
  public record Machine(
      String name,
      VirtualMachineInstanceSpec spec,
      @Nullable Instant deletedAt,
      boolean started,
      boolean finished,
      @Nullable Instant notBefore) {

    /** Whether the machine shall run now or, given time, later. */
    public boolean wanted() {
      return deletedAt == null && !finished;
    }
  }

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
