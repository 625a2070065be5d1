package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.CacheMode;
import dev.holdfast.crds.machine.InterfaceModel;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Cpu;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Interface;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Network;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.network.ForwardMode;
import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Machines and disks for tests, each found again by its number. */
public final class Scenarios {
  private Scenarios() {}

  public static String uuid(int number) {
    return "00000000-0000-4000-8000-%012d".formatted(number);
  }

  public static String imagePath(int number) {
    return "/pool/disks/default/disk-" + number + ".qcow2";
  }

  public static VirtualDiskInstanceSpec disk(int number, ReclaimPolicy reclaimPolicy) {
    return new VirtualDiskInstanceSpec(
        "node",
        "pool",
        "/pool",
        imagePath(number),
        1L << 30,
        DiskFormat.QCOW2,
        reclaimPolicy,
        AccessMode.EXCLUSIVE,
        null,
        null);
  }

  public static Desired.Machine wanted(VirtualMachineInstanceSpec spec) {
    return new Desired.Machine(
        "default/machine-" + spec.uuid().substring(35), spec, null, false, false, null);
  }

  public static VirtualMachineInstanceSpec machine(
      int number,
      RestartPolicy policy,
      boolean paused,
      List<Integer> disks,
      List<Integer> networks) {
    List<Disk> attached = new ArrayList<>();
    for (int disk : disks) {
      attached.add(
          new Disk(
              "disk" + disk,
              "disk-" + disk,
              imagePath(disk),
              DiskFormat.QCOW2,
              false,
              CacheMode.NONE,
              null,
              1 + attached.size(),
              null,
              null));
    }
    List<Interface> plugged = new ArrayList<>();
    for (int network : networks) {
      plugged.add(
          new Interface(
              "eth" + plugged.size(),
              InterfaceModel.VIRTIO,
              "52:54:00:00:%02x:%02x".formatted(number, network),
              "10.77." + network + "." + (10 + number),
              "hft" + number + "0" + network,
              17 + plugged.size(),
              new Network(
                  "net-" + network,
                  ForwardMode.NAT,
                  "hfb" + network,
                  "10.77." + network + ".0/24",
                  "10.77." + network + ".1")));
    }
    return new VirtualMachineInstanceSpec(
        "node",
        uuid(number),
        1,
        policy,
        paused,
        30,
        "pc-q35-7.2",
        Accelerator.TCG,
        new Cpu("max", 1, 1, 1),
        256L << 20,
        200_000 + number,
        null,
        attached,
        plugged);
  }

  /** A machine with that number and everything else by chance, from 3 disks and 2 networks. */
  static VirtualMachineInstanceSpec randomMachine(RandomGenerator random, int number) {
    List<Integer> disks = new ArrayList<>();
    List<Integer> networks = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      if (random.nextInt(3) == 0) {
        disks.add(i);
      }
    }
    for (int i = 0; i < 2; i++) {
      if (random.nextBoolean()) {
        networks.add(i);
      }
    }
    RestartPolicy[] policies = RestartPolicy.values();
    return machine(
        number, policies[random.nextInt(policies.length)], random.nextInt(4) == 0, disks, networks);
  }
}
