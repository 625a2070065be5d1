package dev.holdfast.operator.machine;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineSpec;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the names in a machine's spec lead to. */
sealed interface Resolution {
  /** Everything that is named is there and ready. */
  record Resolved(
      List<ResolvedDisk> disks,
      List<ResolvedInterface> interfaces,
      VirtualMachineInstanceSpec.@Nullable KernelBoot kernelBoot,
      @Nullable String kernelBootPool)
      implements Resolution {}

  /** Something is missing or not ready. */
  record Obstructed(Obstacle obstacle) implements Resolution {}

  /** A disk and its image. */
  record ResolvedDisk(VirtualMachineSpec.Disk disk, VirtualDiskInstanceSpec image) {}

  /** An interface and its network. */
  record ResolvedInterface(
      VirtualMachineSpec.Interface networkInterface, VirtualMachineInstanceSpec.Network network) {}
}
