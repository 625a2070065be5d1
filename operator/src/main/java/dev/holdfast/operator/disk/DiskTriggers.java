package dev.holdfast.operator.disk;

import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeSpec;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.lease.Lockspaces;
import dev.holdfast.operator.node.NodeMonitor;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Has disks reconciled when something changes that their state depends on. */
final class DiskTriggers {
  private final SimpleInboundEventSource<VirtualDisk> source =
      new SimpleInboundEventSource<>("dependencies");
  private final Set<ResourceID> waitingForNode = ConcurrentHashMap.newKeySet();
  private final ClusterCache cluster;
  private final Lockspaces lockspaces;

  DiskTriggers(ClusterCache cluster, NodeMonitor monitor, Lockspaces lockspaces) {
    this.cluster = cluster;
    this.lockspaces = lockspaces;
    cluster.diskInstances().onChange(this::diskInstanceChanged);
    cluster.instances().onChange(this::instanceChanged);
    cluster.pools().onChange((before, after) -> retryWaiting());
    cluster.nodes().onChange(this::nodeChanged);
    monitor.onChange(
        node -> {
          retryWaiting();
          retryUnmade(node);
        });
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
    if (after == null && before != null) {
      leaseGivenBack(before);
    }
  }

  // A disk that names the same lease may have it now, whether it waits or was made at the same
  // time.
  private void leaseGivenBack(VirtualDiskInstance gone) {
    VirtualDiskInstanceSpec.Lease lease = gone.getSpec().lease();
    if (lease != null) {
      retryWaiting();
      cluster
          .diskInstances()
          .withIndex(ClusterCache.BY_LEASE, ClusterCache.key(lease))
          .forEach(other -> source.propagateEvent(ResourceID.fromResource(other)));
    }
  }

  // To a disk it matters whether a machine has it, where, and which leases that holds.
  private void instanceChanged(
      @Nullable VirtualMachineInstance before, @Nullable VirtualMachineInstance after) {
    VirtualMachineInstance instance = after == null ? before : after;
    if (instance != null
        && (before == null || after == null || !Objects.equals(leases(before), leases(after)))) {
      disksOf(instance);
    }
  }

  private void disksOf(VirtualMachineInstance instance) {
    String namespace = instance.getMetadata().getNamespace();
    instance
        .getSpec()
        .disksOrEmpty()
        .forEach(disk -> source.propagateEvent(new ResourceID(disk.diskRef(), namespace)));
  }

  private static List<Object> leases(VirtualMachineInstance instance) {
    VirtualMachineInstanceStatus status = instance.getStatus();
    return status == null
        ? List.of()
        : List.of(
            status.leasesOrEmpty(), Condition.isTrue(status.conditions(), DiskUsers.LEASES_HELD));
  }

  // What the node was to make or delete another one may have to.
  private void retryUnmade(String node) {
    for (VirtualDiskInstance instance :
        cluster.diskInstances().withIndex(ClusterCache.BY_NODE, node)) {
      VirtualDiskInstanceStatus status = instance.getStatus();
      if (isTerminating(instance)
          || status == null
          || status.phase() != VirtualDiskInstanceStatus.Phase.READY) {
        source.propagateEvent(ResourceID.fromResource(instance));
      }
    }
  }

  private void nodeChanged(@Nullable HypervisorNode before, @Nullable HypervisorNode after) {
    boolean same =
        before != null
            && after != null
            && Objects.equals(before.getSpec(), after.getSpec())
            && Objects.equals(before.getStatus(), after.getStatus());
    if (same) {
      return;
    }
    retryWaiting();
    HypervisorNode node = after == null ? before : after;
    if (node != null
        && (before == null || after == null || !tainted(before).equals(tainted(after)))) {
      retryUnmade(node.getMetadata().getName());
    }
    // Whether a holder renews its leases is shown with the disks that it holds.
    for (String holder : lockspaces.seenOtherwise(before, after)) {
      cluster.instances().withIndex(ClusterCache.BY_NODE, holder).forEach(this::disksOf);
    }
  }

  private static List<HypervisorNodeSpec.Taint> tainted(HypervisorNode node) {
    return node.getSpec().taintsOrEmpty();
  }
}
