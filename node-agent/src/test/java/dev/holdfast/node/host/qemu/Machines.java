package dev.holdfast.node.host.qemu;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.CacheMode;
import dev.holdfast.crds.machine.InterfaceModel;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Cpu;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Interface;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.KernelBoot;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Network;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.network.ForwardMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.node.plan.Desired;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Machines for tests. */
final class Machines {
  /** A user that nothing else on a test machine has. */
  static final int UID = 70_000;

  private Machines() {}

  static String uuid(int number) {
    return new UUID(0x5eed_0000_0000_4000L, 0x8000_0000_0000_0000L + number).toString();
  }

  /** 64 MiB, one CPU, no devices of its own. */
  static Desired.Machine small(int number) {
    return machine(
        "default/small-" + number,
        spec(uuid(number), "pc-q35-7.2", "qemu64", null, List.of(), List.of()));
  }

  static Desired.Machine ofType(int number, String machineType) {
    return machine(
        "default/typed", spec(uuid(number), machineType, "qemu64", null, List.of(), List.of()));
  }

  static Desired.Machine booting(int number, KernelBoot boot) {
    return machine(
        "default/booting", spec(uuid(number), "pc-q35-7.2", "qemu64", boot, List.of(), List.of()));
  }

  static Desired.Machine machine(String name, VirtualMachineInstanceSpec spec) {
    return new Desired.Machine(name, spec, null, false, false, null);
  }

  static VirtualMachineInstanceSpec spec(
      String uuid,
      String machineType,
      String cpuModel,
      @Nullable KernelBoot boot,
      List<Disk> disks,
      List<Interface> cards) {
    return new VirtualMachineInstanceSpec(
        "node-1",
        uuid,
        1,
        RestartPolicy.ALWAYS,
        false,
        30,
        machineType,
        Accelerator.TCG,
        new Cpu(cpuModel, 1, 1, 1),
        64L * 1024 * 1024,
        UID,
        boot,
        disks,
        cards);
  }

  static Disk disk(String name, String path, int slot) {
    return new Disk(
        name, name, path, DiskFormat.QCOW2, false, CacheMode.NONE, null, slot, null, null);
  }

  static Interface card(String tap, int slot) {
    return new Interface(
        "net",
        InterfaceModel.VIRTIO,
        "52:54:00:00:00:01",
        null,
        tap,
        slot,
        new Network("default", ForwardMode.NAT, "hfb0", "192.168.1.0/24", "192.168.1.1"));
  }
}
