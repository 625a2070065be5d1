package dev.holdfast.operator.placement;

import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.machine.VirtualMachineSpec.AcceleratorChoice;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a machine needs of a node.
 *
 * @param machineType {@code q35} or a versioned machine type
 * @param cpuModel QEMU CPU model, or null for the node's default
 * @param cpus number of virtual CPUs
 * @param memoryBytes guest memory in bytes
 * @param pools StoragePools that the node must be able to use
 * @param lockspaces those of the pools in whose lockspace the node must be live
 * @param diskNodes the node of every disk that only its node reaches, by name of the disk
 */
public record PlacementRequest(
    Architecture architecture,
    Map<String, String> nodeSelector,
    AcceleratorChoice accelerator,
    String machineType,
    @Nullable String cpuModel,
    int cpus,
    long memoryBytes,
    Set<String> pools,
    Set<String> lockspaces,
    Map<String, String> diskNodes) {
  public PlacementRequest {
    nodeSelector = Map.copyOf(nodeSelector);
    pools = Set.copyOf(pools);
    lockspaces = Set.copyOf(lockspaces);
    diskNodes = Map.copyOf(diskNodes);
  }
}
