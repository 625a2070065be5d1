package dev.holdfast.operator.machine;

import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.lease.Lockspaces;
import dev.holdfast.operator.node.NodeMonitor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Has machines reconciled when something changes that their state depends on. */
final class MachineTriggers {
  private final SimpleInboundEventSource<VirtualMachine> source =
      new SimpleInboundEventSource<>("dependencies");
  private final Set<ResourceID> waitingForRoom = ConcurrentHashMap.newKeySet();
  private final Set<ResourceID> onLostNodes = ConcurrentHashMap.newKeySet();
  private final ClusterCache cluster;
  private final Lockspaces lockspaces;

  MachineTriggers(ClusterCache cluster, NodeMonitor monitor, Lockspaces lockspaces) {
    this.cluster = cluster;
    this.lockspaces = lockspaces;
    cluster.instances().onChange(this::instanceChanged);
    cluster.disks().onChange((before, after) -> diskChanged(before, after));
    cluster.diskInstances().onChange((before, after) -> diskChanged(before, after));
    cluster
        .networks()
        .onChange((before, after) -> machinesOf(ClusterCache.BY_NETWORK, keyOf(before, after)));
    cluster
        .pools()
        .onChange(
            (before, after) -> {
              machinesOf(ClusterCache.BY_POOL, idOf(before, after).getName());
              onLostNodes.forEach(source::propagateEvent);
            });
    cluster.nodes().onChange(this::nodeChanged);
    monitor.onChange(this::nodeLostOrBack);
  }

  EventSource<Void, VirtualMachine> source() {
    return source;
  }

  /** The machine is tried again whenever there may be more room, until told otherwise. */
  void waitForRoom(VirtualMachine machine) {
    waitingForRoom.add(ResourceID.fromResource(machine));
  }

  /** The machine is judged again whenever more may be known of its node, until told otherwise. */
  void waitForNode(VirtualMachine machine) {
    onLostNodes.add(ResourceID.fromResource(machine));
  }

  void stopWaiting(VirtualMachine machine) {
    waitingForRoom.remove(ResourceID.fromResource(machine));
    onLostNodes.remove(ResourceID.fromResource(machine));
  }

  private void instanceChanged(
      @Nullable VirtualMachineInstance before, @Nullable VirtualMachineInstance after) {
    source.propagateEvent(idOf(before, after));
    if (after == null && before != null) {
      ClusterCache.disksOf(before).forEach(disk -> machinesOf(ClusterCache.BY_DISK, disk));
      waitingForRoom.forEach(source::propagateEvent);
    }
  }

  private void diskChanged(@Nullable HasMetadata before, @Nullable HasMetadata after) {
    machinesOf(ClusterCache.BY_DISK, keyOf(before, after));
  }

  private void nodeChanged(@Nullable HypervisorNode before, @Nullable HypervisorNode after) {
    boolean same =
        before != null
            && after != null
            && Objects.equals(before.getSpec(), after.getSpec())
            && Objects.equals(before.getStatus(), after.getStatus())
            && Objects.equals(before.getMetadata().getLabels(), after.getMetadata().getLabels());
    if (same) {
      return;
    }
    waitingForRoom.forEach(source::propagateEvent);
    if (before == null || after == null || !before.getSpec().equals(after.getSpec())) {
      machinesOn(idOf(before, after).getName());
    }
    lockspaces.seenOtherwise(before, after).forEach(this::machinesOn);
  }

  private void nodeLostOrBack(String node) {
    machinesOn(node);
    waitingForRoom.forEach(source::propagateEvent);
    // What it said of others counts as long as it is healthy.
    onLostNodes.forEach(source::propagateEvent);
  }

  private void machinesOn(String node) {
    cluster
        .instances()
        .withIndex(ClusterCache.BY_NODE, node)
        .forEach(instance -> source.propagateEvent(ResourceID.fromResource(instance)));
  }

  private void machinesOf(String index, String key) {
    cluster
        .machines()
        .withIndex(index, key)
        .forEach(machine -> source.propagateEvent(ResourceID.fromResource(machine)));
  }

  private static String keyOf(@Nullable HasMetadata before, @Nullable HasMetadata after) {
    ResourceID id = idOf(before, after);
    return ClusterCache.key(id.getNamespace().orElse(""), id.getName());
  }

  private static ResourceID idOf(@Nullable HasMetadata before, @Nullable HasMetadata after) {
    HasMetadata object = after == null ? before : after;
    if (object == null) {
      throw new IllegalArgumentException("a change from nothing to nothing");
    }
    return ResourceID.fromResource(object);
  }
}
