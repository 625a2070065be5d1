package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.CacheMode;
import dev.holdfast.crds.machine.InterfaceModel;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Cpu;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Interface;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Network;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.network.ForwardMode;
import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.plan.HostLeases.LockspaceDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

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
        number == SHARED_DISK ? AccessMode.SHARED_READ_WRITE : AccessMode.EXCLUSIVE,
        group(number),
        area(number));
  }

  public static final String LOCKSPACE = "pool";

  /** Disks with an exclusive sanlock lease, an exclusive ofd lease, a shared sanlock lease. */
  public static final int SANLOCK_DISK = 10;

  public static final int OFD_DISK = 11;
  public static final int SHARED_DISK = 12;

  public static LockspaceDefinition lockspace(int hostId) {
    return new LockspaceDefinition(
        LOCKSPACE, "/pool/leases/pool", 0, hostId, "host-" + hostId, 1, 512, 1);
  }

  /** The lease of the disk with that number, or null. */
  public static @Nullable Lease lease(int disk) {
    return switch (disk) {
      case SANLOCK_DISK ->
          new Lease(
              LeaseBackend.SANLOCK,
              LeaseMode.EXCLUSIVE,
              LOCKSPACE,
              "disk-" + disk,
              "/pool/leases/pool",
              3L << 20);
      case SHARED_DISK ->
          new Lease(
              LeaseBackend.SANLOCK,
              LeaseMode.SHARED,
              LOCKSPACE,
              "disk-" + disk,
              "/pool/leases/pool",
              4L << 20);
      case OFD_DISK ->
          new Lease(
              LeaseBackend.OFD,
              LeaseMode.EXCLUSIVE,
              null,
              null,
              "/pool/leases/default/disk-" + disk + ".lock",
              null);
      default -> null;
    };
  }

  private static VirtualDiskInstanceSpec.@Nullable Lease area(int disk) {
    Lease lease = lease(disk);
    return lease == null
        ? null
        : new VirtualDiskInstanceSpec.Lease(
            lease.backend(), lease.lockspace(), lease.resource(), lease.path(), lease.offset());
  }

  private static @Nullable Integer group(int disk) {
    return disk == SHARED_DISK ? 300_000 + disk : null;
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
              group(disk),
              lease(disk)));
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

  /** The same machine, to be paused or not. */
  public static VirtualMachineInstanceSpec paused(VirtualMachineInstanceSpec spec, boolean paused) {
    return new VirtualMachineInstanceSpec(
        spec.nodeName(),
        spec.uuid(),
        spec.vmGeneration(),
        spec.restartPolicy(),
        paused,
        spec.terminationGracePeriodSeconds(),
        spec.machineType(),
        spec.accelerator(),
        spec.cpu(),
        spec.memoryBytes(),
        spec.uid(),
        spec.kernelBoot(),
        spec.disks(),
        spec.interfaces());
  }

  /** Numbers of the disks that random machines have. */
  static final List<Integer> DISKS = List.of(0, 1, SANLOCK_DISK, OFD_DISK, SHARED_DISK);

  /** A machine with that number and everything else by chance, from 5 disks and 2 networks. */
  static VirtualMachineInstanceSpec randomMachine(RandomGenerator random, int number) {
    List<Integer> disks = new ArrayList<>();
    List<Integer> networks = new ArrayList<>();
    boolean plain = random.nextInt(4) == 0; // and so gives its leases back when it is paused
    for (int disk : DISKS) {
      if (plain ? disk == SANLOCK_DISK : random.nextInt(4) == 0) {
        disks.add(disk);
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
