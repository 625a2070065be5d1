package dev.holdfast.node.host.qemu.probe;

import dev.holdfast.crds.machine.Accelerator;
import java.util.List;

/**
 * What a QEMU can do on this host.
 *
 * @param version such as {@code 7.2.22}
 * @param machineTypes versioned q35 types that are not deprecated, newest first
 * @param accelerators one of each kind
 */
public record QemuCapabilities(
    String version, List<String> machineTypes, List<AcceleratorCapabilities> accelerators) {

  public QemuCapabilities {
    machineTypes = List.copyOf(machineTypes);
    accelerators = List.copyOf(accelerators);
  }

  /**
   * One accelerator.
   *
   * @param usable whether the probe guest ran
   * @param reason the verdict in CamelCase, see {@link AcceleratorProbe}
   * @param message the verdict in words
   * @param defaultCpuModel model with everything that the accelerator has
   * @param cpuModels models that it can run without dropping a feature, sorted; empty where it is
   *     not usable
   */
  public record AcceleratorCapabilities(
      Accelerator accelerator,
      boolean usable,
      String reason,
      String message,
      String defaultCpuModel,
      List<String> cpuModels) {

    public AcceleratorCapabilities {
      cpuModels = List.copyOf(cpuModels);
    }
  }
}
