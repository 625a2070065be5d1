package dev.holdfast.operator.machine;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineSpec;
import dev.holdfast.crds.network.ForwardMode;
import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.machine.Resolution.Resolved;
import dev.holdfast.operator.machine.Resolution.ResolvedDisk;
import dev.holdfast.operator.machine.Resolution.ResolvedInterface;
import dev.holdfast.operator.placement.Placement;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Machines for tests, from what a user would write. */
final class Machines {
  private static final KubernetesSerialization SERIALIZATION = new KubernetesSerialization();
  static final Freezer FREEZER = new Freezer(new Identity("cluster-1"));

  private Machines() {}

  /**
   * Makes a machine as the API server stores it.
   *
   * @param more fields of the spec in YAML flow style, which come over the defaults
   */
  static VirtualMachine machine(String more) {
    String defaults =
        """
        {runStrategy: Always, paused: false, terminationGracePeriodSeconds: 60, architecture: x86_64,
         machine: q35, accelerator: auto, cpu: {sockets: 1, cores: 1, threads: 1},
         memory: {guest: 512Mi}}
        """;
    Map<String, Object> spec = new HashMap<>(map(defaults));
    spec.putAll(map("{" + more + "}"));
    VirtualMachine machine = new VirtualMachine();
    machine.setMetadata(
        new ObjectMetaBuilder()
            .withName("web")
            .withNamespace("default")
            .withUid("uid-1")
            .withGeneration(3L)
            .build());
    machine.setSpec(SERIALIZATION.convertValue(spec, VirtualMachineSpec.class));
    return machine;
  }

  /** Freezes the machine on node {@code node-1} with every disk and network that it names. */
  static VirtualMachineInstanceSpec frozen(VirtualMachine machine) {
    return frozen(machine, AccessMode.EXCLUSIVE, null, null);
  }

  /** The same with disks of that access mode. */
  static VirtualMachineInstanceSpec frozen(
      VirtualMachine machine,
      AccessMode access,
      @Nullable Integer group,
      VirtualDiskInstanceSpec.@Nullable Lease lease) {
    VirtualMachineSpec spec = machine.getSpec();
    List<VirtualMachineSpec.Disk> disks = spec.disks() == null ? List.of() : spec.disks();
    List<VirtualMachineSpec.Interface> interfaces =
        spec.interfaces() == null ? List.of() : spec.interfaces();
    return FREEZER.freeze(
        machine,
        new Resolved(
            disks.stream()
                .map(disk -> new ResolvedDisk(disk, image(disk.diskRef(), access, group, lease)))
                .toList(),
            interfaces.stream().map(i -> new ResolvedInterface(i, network(i))).toList(),
            kernelBoot(machine),
            null),
        new Placement.Bound("node-1", Accelerator.TCG, "pc-q35-7.2", "max", 0, ""),
        200_000,
        Map.of("lan", "10.77.0.5"));
  }

  static VirtualMachineInstanceSpec.@Nullable KernelBoot kernelBoot(VirtualMachine machine) {
    VirtualMachineSpec.Firmware firmware = machine.getSpec().firmware();
    VirtualMachineSpec.KernelBoot boot = firmware == null ? null : firmware.kernelBoot();
    return boot == null
        ? null
        : new VirtualMachineInstanceSpec.KernelBoot(
            "/pool/boot/" + boot.kernel(), boot.initrd(), boot.commandLine());
  }

  static VirtualMachineInstance instance(VirtualMachine machine) {
    VirtualMachineInstance instance = new VirtualMachineInstance();
    instance.setMetadata(
        new ObjectMetaBuilder()
            .withName("web")
            .withNamespace("default")
            .withGeneration(1L)
            .build());
    instance.setSpec(frozen(machine));
    return instance;
  }

  private static VirtualDiskInstanceSpec image(
      String disk,
      AccessMode access,
      @Nullable Integer group,
      VirtualDiskInstanceSpec.@Nullable Lease lease) {
    return new VirtualDiskInstanceSpec(
        "node-1",
        "pool",
        "/pool",
        "/pool/disks/default/" + disk + ".qcow2",
        1 << 30,
        DiskFormat.QCOW2,
        ReclaimPolicy.RETAIN,
        access,
        group,
        lease);
  }

  private static VirtualMachineInstanceSpec.Network network(VirtualMachineSpec.Interface i) {
    return new VirtualMachineInstanceSpec.Network(
        i.networkRef(), ForwardMode.NAT, "hfb0123456789", "10.77.0.0/24", "10.77.0.1");
  }

  // Under a key of its own, because what begins with a brace is taken for JSON.
  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(String yaml) {
    Map<String, Map<String, Object>> document =
        SERIALIZATION.unmarshal("fields: " + yaml, Map.class);
    return Objects.requireNonNull(document.get("fields"));
  }
}
