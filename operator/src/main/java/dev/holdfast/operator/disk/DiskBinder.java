package dev.holdfast.operator.disk;

import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolSpec.Backend;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec.Lease;
import dev.holdfast.crds.storage.VirtualDiskSpec;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.cache.UserIds;
import dev.holdfast.operator.disk.DiskStatusAggregator.Obstacle;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.lease.LeaseAreas;
import dev.holdfast.operator.lease.LeaseClaims;
import dev.holdfast.operator.node.NodeMonitor;
import dev.holdfast.operator.placement.Placer;
import dev.holdfast.operator.status.Metadata;
import dev.holdfast.operator.status.Reason;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Gives disks their images' place, one decision at a time. */
final class DiskBinder {
  private static final Comparator<DiskCandidate> PREFERENCE =
      Comparator.comparingInt(DiskCandidate::companions)
          .thenComparingInt(DiskCandidate::selectors)
          .thenComparingLong(DiskCandidate::freeBytes)
          .thenComparing(DiskCandidate::node, Comparator.reverseOrder());

  private final ReentrantLock deciding = new ReentrantLock();
  private final KubernetesClient client;
  private final ClusterCache cluster;
  private final NodeMonitor monitor;
  private final Identity identity;
  private final UserIds userIds;

  DiskBinder(
      KubernetesClient client,
      ClusterCache cluster,
      NodeMonitor monitor,
      Identity identity,
      UserIds userIds) {
    this.client = client;
    this.cluster = cluster;
    this.monitor = monitor;
    this.identity = identity;
    this.userIds = userIds;
  }

  /** What came of it. */
  sealed interface Outcome {
    /** The instance exists. */
    record Created(VirtualDiskInstance instance) implements Outcome {}

    /** There is no instance, because of the obstacle. */
    record Refused(Obstacle obstacle) implements Outcome {}
  }

  Outcome bind(VirtualDisk disk, StoragePool pool) {
    Outcome decision = decide(disk, pool);
    return switch (decision) {
      case Outcome.Refused refused -> refused;
      case Outcome.Created(VirtualDiskInstance instance) -> new Outcome.Created(create(instance));
    };
  }

  private VirtualDiskInstance create(VirtualDiskInstance instance) {
    boolean created = false;
    try {
      VirtualDiskInstance stored = client.resource(instance).create();
      cluster.diskInstances().confirm(stored);
      created = true;
      return stored;
    } finally {
      if (!created) {
        cluster.diskInstances().forget(instance);
      }
    }
  }

  private Outcome decide(VirtualDisk disk, StoragePool pool) {
    deciding.lock();
    try {
      Optional<DiskCandidate> best = candidates(disk, pool).stream().max(PREFERENCE);
      if (best.isEmpty()) {
        return new Outcome.Refused(
            new Obstacle(
                Reason.NO_USABLE_NODE,
                "No node that is alive, not in maintenance and not tainted can use StoragePool %s. Its conditions say why."
                    .formatted(pool.getMetadata().getName())));
      }
      return switch (LeaseAreas.assign(disk, pool, takenAreas(pool), identity)) {
        case LeaseAreas.Assignment.Refused(Reason reason, String message) ->
            new Outcome.Refused(new Obstacle(reason, message));
        case LeaseAreas.Assignment.Assigned(Lease lease) ->
            assume(disk, pool, best.get().node(), lease);
      };
    } finally {
      deciding.unlock();
    }
  }

  private Outcome assume(VirtualDisk disk, StoragePool pool, String node, @Nullable Lease lease) {
    String name = ClusterCache.key(disk.getMetadata().getNamespace(), disk.getMetadata().getName());
    Optional<String> other =
        lease == null ? Optional.empty() : LeaseClaims.otherThan(cluster, name, lease);
    if (other.isPresent()) {
      return new Outcome.Refused(leaseInUse(other.get()));
    }
    VirtualDiskInstance instance =
        disk.getSpec().accessMode().isShared()
            ? userIds.give(group -> assume(disk, freeze(disk, pool, node, group, lease)))
            : assume(disk, freeze(disk, pool, node, null, lease));
    return new Outcome.Created(instance);
  }

  /** What is told of a disk whose lease belongs to another one. */
  static Obstacle leaseInUse(String other) {
    return new Obstacle(
        Reason.LEASE_IN_USE,
        "VirtualDisk %s has the same lease, so that both could not be used at a time. Delete one of them and apply it with another lease."
            .formatted(other));
  }

  private VirtualDiskInstance assume(VirtualDisk disk, VirtualDiskInstanceSpec spec) {
    VirtualDiskInstance instance = new VirtualDiskInstance();
    instance.setMetadata(
        new ObjectMetaBuilder()
            .withName(disk.getMetadata().getName())
            .withNamespace(disk.getMetadata().getNamespace())
            .withOwnerReferences(Metadata.controllerReference(disk))
            .withFinalizers(Holdfast.NODE_AGENT_FINALIZER)
            .build());
    instance.setSpec(spec);
    cluster.diskInstances().assume(instance);
    return instance;
  }

  private Set<Long> takenAreas(StoragePool pool) {
    Set<Long> taken = new HashSet<>();
    for (VirtualDiskInstance instance :
        cluster.diskInstances().withIndex(ClusterCache.BY_POOL, pool.getMetadata().getName())) {
      Lease lease = instance.getSpec().lease();
      Long offset = lease == null ? null : lease.offset();
      if (offset != null) {
        taken.add(offset);
      }
    }
    return taken;
  }

  // The path has no uid in it: a retained image is found again when its disk is applied again.
  static VirtualDiskInstanceSpec freeze(
      VirtualDisk disk,
      StoragePool pool,
      String node,
      @Nullable Integer group,
      @Nullable Lease lease) {
    VirtualDiskSpec spec = disk.getSpec();
    String path =
        "%s/%s/%s.%s"
            .formatted(
                pool.getSpec().dir().disksPath(),
                disk.getMetadata().getNamespace(),
                disk.getMetadata().getName(),
                spec.format().qemuName());
    return new VirtualDiskInstanceSpec(
        node,
        spec.poolRef(),
        pool.getSpec().dir().path(),
        path,
        Quantity.getAmountInBytes(spec.capacity()).longValue(),
        spec.format(),
        spec.reclaimPolicy(),
        spec.accessMode(),
        group,
        lease);
  }

  private List<DiskCandidate> candidates(VirtualDisk disk, StoragePool pool) {
    String poolName = pool.getMetadata().getName();
    // The lease is made with the image.
    boolean sanlock = pool.getSpec().leases().backend() == Backend.SANLOCK;
    List<VirtualMachine> users =
        cluster
            .machines()
            .withIndex(
                ClusterCache.BY_DISK,
                ClusterCache.key(disk.getMetadata().getNamespace(), disk.getMetadata().getName()));
    List<DiskCandidate> candidates = new ArrayList<>();
    for (HypervisorNode node : cluster.nodes().all()) {
      String name = node.getMetadata().getName();
      HypervisorNodeStatus status = node.getStatus();
      if (status == null
          || node.getSpec().maintenance()
          || !node.getSpec().taintsOrEmpty().isEmpty()
          || !monitor.isHealthy(name)
          || !Placer.canUse(status, poolName)
          || (sanlock && !Placer.isLive(status, poolName))) {
        continue;
      }
      candidates.add(
          new DiskCandidate(
              name, companions(users, name), selectors(users, node), free(status, name, poolName)));
    }
    return candidates;
  }

  private int companions(List<VirtualMachine> users, String node) {
    Set<String> companions = new HashSet<>();
    for (VirtualMachine user : users) {
      String namespace = user.getMetadata().getNamespace();
      for (String disk : ClusterCache.disksOf(user)) {
        String name = disk.substring(disk.indexOf('/') + 1);
        VirtualDiskInstance other = cluster.diskInstances().find(new ResourceID(name, namespace));
        if (other != null && !isTerminating(other) && other.getSpec().nodeName().equals(node)) {
          companions.add(disk);
        }
      }
      VirtualMachineInstance instance = cluster.instances().find(ResourceID.fromResource(user));
      if (instance != null && instance.getSpec().nodeName().equals(node)) {
        companions.add(user.getMetadata().getName());
      }
    }
    return companions.size();
  }

  private static int selectors(List<VirtualMachine> users, HypervisorNode node) {
    Map<String, String> labels =
        node.getMetadata().getLabels() == null ? Map.of() : node.getMetadata().getLabels();
    return (int)
        users.stream()
            .map(user -> user.getSpec().nodeSelector())
            .filter(wanted -> wanted != null && labels.entrySet().containsAll(wanted.entrySet()))
            .count();
  }

  private long free(HypervisorNodeStatus status, String node, String pool) {
    List<PoolStatus> pools = status.pools() == null ? List.of() : status.pools();
    long size =
        pools.stream()
            .filter(view -> view.name().equals(pool))
            .map(PoolStatus::capacityBytes)
            .mapToLong(capacity -> capacity == null ? 0 : capacity)
            .sum();
    long promised =
        cluster.diskInstances().withIndex(ClusterCache.BY_NODE, node).stream()
            .filter(instance -> instance.getSpec().poolName().equals(pool))
            .mapToLong(instance -> instance.getSpec().capacityBytes())
            .sum();
    return size - promised;
  }
}
