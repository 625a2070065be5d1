package dev.holdfast.operator.machine;

import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineSpec;
import dev.holdfast.crds.network.VirtualNetwork;
import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.lease.LeaseClaims;
import dev.holdfast.operator.machine.Resolution.Obstructed;
import dev.holdfast.operator.machine.Resolution.Resolved;
import dev.holdfast.operator.machine.Resolution.ResolvedDisk;
import dev.holdfast.operator.machine.Resolution.ResolvedInterface;
import dev.holdfast.operator.network.NetworkVerdict;
import dev.holdfast.operator.status.Metadata;
import dev.holdfast.operator.status.Reason;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Follows the names in a machine's spec to disks, networks and pools. */
final class ReferenceResolver {
  private final ClusterCache cluster;
  private final Identity identity;

  ReferenceResolver(ClusterCache cluster, Identity identity) {
    this.cluster = cluster;
    this.identity = identity;
  }

  /** Ends the search at the first obstacle; never leaves this class. */
  private static final class ObstacleFound extends Exception {
    private static final long serialVersionUID = 1;
    private final transient Obstacle obstacle;

    ObstacleFound(Reason reason, String message) {
      super(message, null, false, false);
      this.obstacle = new Obstacle(reason, message);
    }
  }

  Resolution resolve(VirtualMachine machine) {
    VirtualMachineSpec spec = machine.getSpec();
    String namespace = machine.getMetadata().getNamespace();
    try {
      List<ResolvedDisk> disks = new ArrayList<>();
      for (VirtualMachineSpec.Disk disk : orEmpty(spec.disks())) {
        disks.add(resolveDisk(machine, disk));
      }
      List<ResolvedInterface> interfaces = new ArrayList<>();
      for (VirtualMachineSpec.Interface networkInterface : orEmpty(spec.interfaces())) {
        interfaces.add(
            new ResolvedInterface(
                networkInterface, resolveNetwork(namespace, networkInterface.networkRef())));
      }
      VirtualMachineSpec.KernelBoot boot = kernelBoot(spec);
      return new Resolved(
          List.copyOf(disks),
          List.copyOf(interfaces),
          boot == null ? null : resolveKernelBoot(boot),
          boot == null ? null : boot.poolRef());
    } catch (ObstacleFound found) {
      return new Obstructed(found.obstacle);
    }
  }

  /** The disks of a machine that nobody may write to, whatever the machine says. */
  Set<String> readOnlyDisks(VirtualMachine machine) {
    Set<String> readOnly = new HashSet<>();
    for (VirtualMachineSpec.Disk attachment : orEmpty(machine.getSpec().disks())) {
      VirtualDisk disk =
          cluster
              .disks()
              .find(new ResourceID(attachment.diskRef(), machine.getMetadata().getNamespace()));
      if (disk != null && disk.getSpec().accessMode() == AccessMode.SHARED_READ_ONLY) {
        readOnly.add(attachment.diskRef());
      }
    }
    return readOnly;
  }

  /** The kernel that the spec boots directly, with its paths on a node; null if there is none. */
  VirtualMachineInstanceSpec.@Nullable KernelBoot kernelBootPaths(VirtualMachineSpec spec) {
    VirtualMachineSpec.KernelBoot boot = kernelBoot(spec);
    try {
      return boot == null ? null : resolveKernelBoot(boot);
    } catch (ObstacleFound found) {
      return null;
    }
  }

  private ResolvedDisk resolveDisk(VirtualMachine machine, VirtualMachineSpec.Disk attachment)
      throws ObstacleFound {
    String namespace = machine.getMetadata().getNamespace();
    String name = attachment.diskRef();
    ResourceID id = new ResourceID(name, namespace);
    VirtualDisk disk = cluster.disks().find(id);
    if (disk == null) {
      throw new ObstacleFound(
          Reason.DISK_NOT_FOUND,
          "There is no VirtualDisk %s in namespace %s. Apply one, or correct diskRef of disk %s."
              .formatted(name, namespace, attachment.name()));
    }
    if (isTerminating(disk)) {
      throw new ObstacleFound(
          Reason.DISK_NOT_READY, "VirtualDisk %s is being deleted.".formatted(name));
    }
    VirtualDiskInstance image = cluster.diskInstances().find(id);
    if (image == null || !Metadata.isOwnedBy(image, disk) || isTerminating(image)) {
      throw new ObstacleFound(
          Reason.DISK_NOT_READY,
          "VirtualDisk %s has no image yet. Its own conditions say why.".formatted(name));
    }
    refuseUnready(name, image);
    refuseLeaseOfAnother(name, image);
    refuseHeldByAnother(machine, name, image.getSpec().accessMode());
    return new ResolvedDisk(attachment, image.getSpec());
  }

  private static void refuseUnready(String disk, VirtualDiskInstance image) throws ObstacleFound {
    VirtualDiskInstanceStatus status = image.getStatus();
    if (status != null && status.phase() == VirtualDiskInstanceStatus.Phase.READY) {
      return;
    }
    Condition ready = status == null ? null : Condition.find(status.conditions(), Condition.READY);
    throw new ObstacleFound(
        Reason.DISK_NOT_READY,
        "The image of VirtualDisk %s is not ready on %s%s"
            .formatted(
                disk,
                image.getSpec().nodeName(),
                ready == null || ready.message().isEmpty() ? "." : ": " + ready.message()));
  }

  private void refuseLeaseOfAnother(String disk, VirtualDiskInstance image) throws ObstacleFound {
    Optional<String> owner = LeaseClaims.olderThan(cluster, image);
    if (owner.isPresent()) {
      throw new ObstacleFound(
          Reason.DISK_NOT_READY,
          "VirtualDisk %s has the same lease as VirtualDisk %s. Its own conditions say what to do."
              .formatted(disk, owner.get()));
    }
  }

  private void refuseHeldByAnother(VirtualMachine machine, String disk, AccessMode access)
      throws ObstacleFound {
    if (access.isShared()) {
      return;
    }
    String namespace = machine.getMetadata().getNamespace();
    for (VirtualMachineInstance holder :
        cluster.instances().withIndex(ClusterCache.BY_DISK, ClusterCache.key(namespace, disk))) {
      String name = holder.getMetadata().getName();
      if (!name.equals(machine.getMetadata().getName())) {
        throw new ObstacleFound(
            Reason.DISK_IN_USE,
            "VirtualDisk %s is attached to VirtualMachine %s on node %s since %s. Halt that one first, or make it a disk with a shared accessMode."
                .formatted(disk, name, holder.getSpec().nodeName(), since(holder, disk)));
      }
    }
  }

  /** When the machine got the disk: with its lease, or else with its instance. */
  private static String since(VirtualMachineInstance holder, String disk) {
    VirtualMachineInstanceStatus status = holder.getStatus();
    if (status != null) {
      for (VirtualMachineInstanceSpec.Disk attached : holder.getSpec().disksOrEmpty()) {
        if (attached.diskRef().equals(disk)) {
          for (VirtualMachineInstanceStatus.HeldLease lease : status.leasesOrEmpty()) {
            if (lease.disk().equals(attached.name())) {
              return lease.since();
            }
          }
        }
      }
    }
    String created = holder.getMetadata().getCreationTimestamp();
    return created == null ? "just now" : created;
  }

  private VirtualMachineInstanceSpec.Network resolveNetwork(String namespace, String name)
      throws ObstacleFound {
    VirtualNetwork network = cluster.networks().find(new ResourceID(name, namespace));
    if (network == null) {
      throw new ObstacleFound(
          Reason.NETWORK_NOT_FOUND,
          "There is no VirtualNetwork %s in namespace %s. Apply one, or correct networkRef."
              .formatted(name, namespace));
    }
    if (isTerminating(network)) {
      throw new ObstacleFound(
          Reason.NETWORK_NOT_READY, "VirtualNetwork %s is being deleted.".formatted(name));
    }
    return switch (NetworkVerdict.of(network, cluster.networks().all(), identity)) {
      case NetworkVerdict.Usable(String bridge, String gateway) ->
          new VirtualMachineInstanceSpec.Network(
              name,
              network.getSpec().forward().mode(),
              bridge,
              network.getSpec().ipv4().subnet(),
              gateway);
      case NetworkVerdict.Overlaps overlaps ->
          throw new ObstacleFound(
              Reason.NETWORK_NOT_READY,
              "VirtualNetwork %s cannot be used. %s".formatted(name, overlaps.message()));
    };
  }

  private VirtualMachineInstanceSpec.KernelBoot resolveKernelBoot(
      VirtualMachineSpec.KernelBoot boot) throws ObstacleFound {
    StoragePool pool = cluster.pools().find(new ResourceID(boot.poolRef()));
    if (pool == null) {
      throw new ObstacleFound(
          Reason.POOL_NOT_FOUND,
          "There is no StoragePool %s to boot from. Apply one, or correct firmware.kernelBoot."
              .formatted(boot.poolRef()));
    }
    String directory = pool.getSpec().dir().bootPath() + "/";
    return new VirtualMachineInstanceSpec.KernelBoot(
        directory + boot.kernel(),
        boot.initrd() == null ? null : directory + boot.initrd(),
        boot.commandLine());
  }

  private static VirtualMachineSpec.@Nullable KernelBoot kernelBoot(VirtualMachineSpec spec) {
    VirtualMachineSpec.Firmware firmware = spec.firmware();
    return firmware == null ? null : firmware.kernelBoot();
  }

  private static <T> List<T> orEmpty(@Nullable List<T> list) {
    return list == null ? List.of() : list;
  }
}
