package dev.holdfast.operator.disk;

import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.crds.storage.VirtualDiskSpec;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.node.NodeMonitor;
import dev.holdfast.operator.placement.Placer;
import dev.holdfast.operator.status.Metadata;
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

  DiskBinder(KubernetesClient client, ClusterCache cluster, NodeMonitor monitor) {
    this.client = client;
    this.cluster = cluster;
    this.monitor = monitor;
  }

  /** Creates the instance of a disk, or does nothing if no node can hold it now. */
  @Nullable VirtualDiskInstance bind(VirtualDisk disk, StoragePool pool) {
    VirtualDiskInstance instance = decide(disk, pool);
    return instance == null ? null : create(instance);
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

  private @Nullable VirtualDiskInstance decide(VirtualDisk disk, StoragePool pool) {
    deciding.lock();
    try {
      Optional<DiskCandidate> best = candidates(disk, pool).stream().max(PREFERENCE);
      if (best.isEmpty()) {
        return null;
      }
      VirtualDiskInstance instance = new VirtualDiskInstance();
      instance.setMetadata(
          new ObjectMetaBuilder()
              .withName(disk.getMetadata().getName())
              .withNamespace(disk.getMetadata().getNamespace())
              .withOwnerReferences(Metadata.controllerReference(disk))
              .withFinalizers(Holdfast.NODE_AGENT_FINALIZER)
              .build());
      instance.setSpec(freeze(disk, pool, best.get().node()));
      cluster.diskInstances().assume(instance);
      return instance;
    } finally {
      deciding.unlock();
    }
  }

  // The path has no uid in it: a retained image is found again when its disk is applied again.
  static VirtualDiskInstanceSpec freeze(VirtualDisk disk, StoragePool pool, String node) {
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
        null,
        null);
  }

  private List<DiskCandidate> candidates(VirtualDisk disk, StoragePool pool) {
    String poolName = pool.getMetadata().getName();
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
          || !monitor.isHealthy(name)
          || !Placer.canUse(status, poolName)) {
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
