package dev.holdfast.crds.node;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the node is and can do, written by its agent.
 *
 * @param cpus logical CPUs
 * @param memoryBytes memory of the host in bytes
 * @param machineTypes versioned machine types that QEMU offers, newest first
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record HypervisorNodeStatus(
    @Nullable Long observedGeneration,
    @Nullable Architecture architecture,
    @Nullable Integer cpus,
    @Nullable Long memoryBytes,
    @Nullable String kernelVersion,
    @Nullable String agentVersion,
    @Nullable String qemuVersion,
    @Nullable List<String> machineTypes,
    @Nullable List<AcceleratorStatus> accelerators,
    @Nullable List<PoolStatus> pools,
    @Nullable List<Condition> conditions) {

  /**
   * An accelerator and whether a probe guest ran under it.
   *
   * @param defaultCpuModel model of machines that name none
   * @param cpuModels models that the accelerator can run on this host
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record AcceleratorStatus(
      Accelerator name,
      boolean usable,
      @Nullable String reason,
      @Nullable String message,
      @Nullable String defaultCpuModel,
      @Nullable List<String> cpuModels) {}

  /**
   * A StoragePool as this node sees it.
   *
   * @param capacityBytes size of the file system that holds the pool in bytes
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record PoolStatus(
      String name,
      boolean usable,
      @Nullable String reason,
      @Nullable String message,
      @Nullable Long capacityBytes) {}
}
