package dev.holdfast.operator.machine;

import dev.holdfast.crds.machine.CacheMode;
import dev.holdfast.crds.machine.InterfaceModel;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.machine.VirtualMachineSpec;
import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.machine.Resolution.Resolved;
import dev.holdfast.operator.machine.Resolution.ResolvedDisk;
import dev.holdfast.operator.machine.Resolution.ResolvedInterface;
import dev.holdfast.operator.placement.Placement;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Resolves everything that a guest could notice. The same arguments always give the same hardware.
 */
final class Freezer {
  /** Port 1 stays free for what every machine may get later; 16 disks at most come after it. */
  private static final int FIRST_DISK_SLOT = 2;

  /** Interfaces have ports of their own, so that another disk does not move them. */
  private static final int FIRST_INTERFACE_SLOT = 18;

  private final Identity identity;

  Freezer(Identity identity) {
    this.identity = identity;
  }

  /**
   * @param uid user and group that QEMU runs as
   * @param addresses reserved IPv4 address by name of the interface
   */
  VirtualMachineInstanceSpec freeze(
      VirtualMachine machine,
      Resolved references,
      Placement.Bound bound,
      int uid,
      Map<String, String> addresses) {
    VirtualMachineSpec spec = machine.getSpec();
    return new VirtualMachineInstanceSpec(
        bound.node(),
        uuid(machine),
        machine.getMetadata().getGeneration(),
        restartPolicy(spec.runStrategy()),
        spec.paused(),
        spec.terminationGracePeriodSeconds(),
        bound.machineType(),
        bound.accelerator(),
        new VirtualMachineInstanceSpec.Cpu(
            bound.cpuModel(), spec.cpu().sockets(), spec.cpu().cores(), spec.cpu().threads()),
        memoryBytes(spec),
        uid,
        references.kernelBoot(),
        disks(spec, references.disks()),
        interfaces(machine, references.interfaces(), addresses));
  }

  String uuid(VirtualMachine machine) {
    return identity.machineUuid(
        machine.getMetadata().getNamespace(), machine.getMetadata().getName());
  }

  String macAddress(VirtualMachine machine, VirtualMachineSpec.Interface networkInterface) {
    String wanted = networkInterface.macAddress();
    return wanted != null
        ? wanted
        : identity.macAddress(
            machine.getMetadata().getNamespace(),
            machine.getMetadata().getName(),
            networkInterface.name());
  }

  static RestartPolicy restartPolicy(VirtualMachineSpec.RunStrategy strategy) {
    return switch (strategy) {
      case ALWAYS -> RestartPolicy.ALWAYS;
      case RERUN_ON_FAILURE -> RestartPolicy.ON_FAILURE;
      // A halted machine has no instance; what is left of one must not start again.
      case ONCE, HALTED -> RestartPolicy.NEVER;
    };
  }

  static long memoryBytes(VirtualMachineSpec spec) {
    return Quantity.getAmountInBytes(spec.memory().guest()).longValue();
  }

  static CacheMode cache(VirtualMachineSpec.Disk disk) {
    return disk.cache() == null ? CacheMode.NONE : disk.cache();
  }

  static boolean readOnly(VirtualMachineSpec.Disk disk) {
    return Boolean.TRUE.equals(disk.readOnly());
  }

  static InterfaceModel model(VirtualMachineSpec.Interface networkInterface) {
    return networkInterface.model() == null ? InterfaceModel.VIRTIO : networkInterface.model();
  }

  /**
   * Position of a disk in the boot order, or null. Where no disk has one and no kernel is booted
   * directly, the disks are tried in their order.
   *
   * @param index place of the disk in the spec
   */
  static @Nullable Integer bootIndex(VirtualMachineSpec spec, int index) {
    List<VirtualMachineSpec.Disk> disks = spec.disks() == null ? List.of() : spec.disks();
    Integer wanted = disks.get(index).bootOrder();
    boolean kernel = spec.firmware() != null && spec.firmware().kernelBoot() != null;
    boolean ordered = disks.stream().anyMatch(disk -> disk.bootOrder() != null);
    return ordered || kernel ? wanted : Integer.valueOf(index + 1);
  }

  private static @Nullable List<VirtualMachineInstanceSpec.Disk> disks(
      VirtualMachineSpec spec, List<ResolvedDisk> resolved) {
    List<VirtualMachineInstanceSpec.Disk> disks = new ArrayList<>();
    for (ResolvedDisk next : resolved) {
      int index = disks.size();
      disks.add(
          new VirtualMachineInstanceSpec.Disk(
              next.disk().name(),
              next.disk().diskRef(),
              next.image().path(),
              next.image().format(),
              readOnly(next.disk()) || next.image().accessMode() == AccessMode.SHARED_READ_ONLY,
              cache(next.disk()),
              bootIndex(spec, index),
              FIRST_DISK_SLOT + index,
              next.image().group(),
              lease(next.image())));
    }
    return disks.isEmpty() ? null : List.copyOf(disks);
  }

  private static VirtualMachineInstanceSpec.@Nullable Lease lease(VirtualDiskInstanceSpec image) {
    VirtualDiskInstanceSpec.Lease lease = image.lease();
    return lease == null
        ? null
        : new VirtualMachineInstanceSpec.Lease(
            lease.backend(),
            image.accessMode().isShared() ? LeaseMode.SHARED : LeaseMode.EXCLUSIVE,
            lease.lockspace(),
            lease.resource(),
            lease.path(),
            lease.offset());
  }

  private @Nullable List<VirtualMachineInstanceSpec.Interface> interfaces(
      VirtualMachine machine, List<ResolvedInterface> resolved, Map<String, String> addresses) {
    List<VirtualMachineInstanceSpec.Interface> interfaces = new ArrayList<>();
    for (ResolvedInterface next : resolved) {
      String name = next.networkInterface().name();
      interfaces.add(
          new VirtualMachineInstanceSpec.Interface(
              name,
              model(next.networkInterface()),
              macAddress(machine, next.networkInterface()),
              addresses.get(name),
              identity.tap(
                  machine.getMetadata().getNamespace(), machine.getMetadata().getName(), name),
              FIRST_INTERFACE_SLOT + interfaces.size(),
              next.network()));
    }
    return interfaces.isEmpty() ? null : List.copyOf(interfaces);
  }
}
