package dev.holdfast.operator.lease;

import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.HeldLease;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeStatus.Lockspace;
import dev.holdfast.crds.node.HypervisorNodeStatus.Peer;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolSpec.Backend;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.operator.cache.ClusterCache;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Gathers what is known of a machine of a lost node, and has it judged. */
public final class FailoverAssessor {
  private final ClusterCache cluster;
  private final Lockspaces lockspaces;

  public FailoverAssessor(ClusterCache cluster, Lockspaces lockspaces) {
    this.cluster = cluster;
    this.lockspaces = lockspaces;
  }

  /** What is to be done about an instance whose node gives no sign of life. */
  public Failover assess(VirtualMachineInstance instance) {
    String nodeName = instance.getSpec().nodeName();
    HypervisorNode node = cluster.nodes().find(new ResourceID(nodeName));
    List<LostMachine.Image> images = new ArrayList<>();
    for (VirtualMachineInstanceSpec.Disk disk : instance.getSpec().disksOrEmpty()) {
      images.add(new LostMachine.Image(disk.diskRef(), pool(instance, disk, node)));
    }
    return Failover.decide(
        new LostMachine(nodeName, node != null && node.getSpec().outOfService(), images));
  }

  private LostMachine.@Nullable Pool pool(
      VirtualMachineInstance instance,
      VirtualMachineInstanceSpec.Disk disk,
      @Nullable HypervisorNode node) {
    VirtualDiskInstance image =
        cluster
            .diskInstances()
            .find(new ResourceID(disk.diskRef(), instance.getMetadata().getNamespace()));
    if (image == null) {
      return null;
    }
    String name = image.getSpec().poolName();
    StoragePool pool = cluster.pools().find(new ResourceID(name));
    if (pool == null) {
      return null;
    }
    Backend backend = pool.getSpec().leases().backend();
    // Whether the machine got its leases before the pool was as it is: what it has counts.
    boolean sanlock = backend == Backend.SANLOCK && disk.lease() != null;
    return new LostMachine.Pool(
        name,
        pool.getSpec().dir().shared(),
        disk.lease() == null ? Backend.NONE : backend,
        pool.getSpec().leases().takeover(),
        sanlock ? host(instance, disk, node, pool) : null);
  }

  private LostMachine.Host host(
      VirtualMachineInstance instance,
      VirtualMachineInstanceSpec.Disk disk,
      @Nullable HypervisorNode node,
      StoragePool pool) {
    String name = pool.getMetadata().getName();
    String nodeName = instance.getSpec().nodeName();
    Lockspace said = Lockspaces.of(node, name);
    Optional<HeldLease> held = held(instance, disk);
    Long saidGeneration = said == null ? null : said.generation();
    long generation =
        Math.max(
            saidGeneration == null ? 0 : saidGeneration,
            held.map(HeldLease::generation).orElse(0L));
    Optional<Integer> id = Lockspaces.hostId(pool, nodeName);
    // Of what it held under another id, this one's death says nothing.
    boolean sameId =
        held.map(HeldLease::hostId).map(old -> id.isPresent() && old.equals(id.get())).orElse(true);
    List<Lockspace> witnesses = lockspaces.witnesses(name, nodeName);
    List<Peer> reports =
        id.isPresent() && sameId ? Lockspaces.reports(witnesses, id.get()) : List.of();
    return new LostMachine.Host(
        id.filter(known -> sameId).orElse(null),
        generation,
        said == null ? null : said.fencingLevel(),
        witnesses.size(),
        reports);
  }

  private static Optional<HeldLease> held(
      VirtualMachineInstance instance, VirtualMachineInstanceSpec.Disk disk) {
    VirtualMachineInstanceStatus status = instance.getStatus();
    return status == null
        ? Optional.empty()
        : status.leasesOrEmpty().stream()
            .filter(lease -> lease.disk().equals(disk.name()))
            .findFirst();
  }
}
