package dev.holdfast.operator.disk;

import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.node.NodeMonitor;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Has disks reconciled when something changes that their state depends on. */
final class DiskTriggers {
  private final SimpleInboundEventSource<VirtualDisk> source =
      new SimpleInboundEventSource<>("dependencies");
  private final Set<ResourceID> waitingForNode = ConcurrentHashMap.newKeySet();

  DiskTriggers(ClusterCache cluster, NodeMonitor monitor) {
    cluster.diskInstances().onChange(this::diskInstanceChanged);
    cluster.instances().onChange(this::instanceChanged);
    cluster.pools().onChange((before, after) -> retryWaiting());
    cluster.nodes().onChange(this::nodeChanged);
    monitor.onChange(node -> retryWaiting());
  }

  EventSource<Void, VirtualDisk> source() {
    return source;
  }

  /** The disk is tried again whenever a node may have become usable, until told otherwise. */
  void waitForNode(VirtualDisk disk) {
    waitingForNode.add(ResourceID.fromResource(disk));
  }

  void stopWaiting(VirtualDisk disk) {
    waitingForNode.remove(ResourceID.fromResource(disk));
  }

  private void retryWaiting() {
    waitingForNode.forEach(source::propagateEvent);
  }

  private void diskInstanceChanged(
      @Nullable VirtualDiskInstance before, @Nullable VirtualDiskInstance after) {
    VirtualDiskInstance instance = after == null ? before : after;
    if (instance != null) {
      source.propagateEvent(ResourceID.fromResource(instance));
    }
  }

  // Only whether an instance is there matters to its disks, not how it is.
  private void instanceChanged(
      @Nullable VirtualMachineInstance before, @Nullable VirtualMachineInstance after) {
    VirtualMachineInstance instance = after == null ? before : after;
    if (instance != null && (before == null || after == null)) {
      String namespace = instance.getMetadata().getNamespace();
      instance
          .getSpec()
          .disksOrEmpty()
          .forEach(disk -> source.propagateEvent(new ResourceID(disk.diskRef(), namespace)));
    }
  }

  private void nodeChanged(@Nullable HypervisorNode before, @Nullable HypervisorNode after) {
    boolean same =
        before != null
            && after != null
            && Objects.equals(before.getSpec(), after.getSpec())
            && Objects.equals(before.getStatus(), after.getStatus());
    if (!same) {
      retryWaiting();
    }
  }
}
