package dev.holdfast.operator.machine;

import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.node.NodeMonitor;
import dev.holdfast.operator.placement.ClusterSnapshot;
import dev.holdfast.operator.placement.NodeSnapshot;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Takes the snapshot of all nodes that placement decides on. */
final class ClusterSnapshots {
  private final ClusterCache cluster;
  private final NodeMonitor monitor;

  ClusterSnapshots(ClusterCache cluster, NodeMonitor monitor) {
    this.cluster = cluster;
    this.monitor = monitor;
  }

  private record Usage(long cpus, long memoryBytes) {
    static final Usage NONE = new Usage(0, 0);

    Usage plus(Usage other) {
      return new Usage(cpus + other.cpus, memoryBytes + other.memoryBytes);
    }
  }

  ClusterSnapshot take() {
    Map<String, Usage> usage = new HashMap<>();
    for (VirtualMachineInstance instance : cluster.instances().all()) {
      if (!isFinished(instance)) {
        usage.merge(
            instance.getSpec().nodeName(),
            new Usage(instance.getSpec().cpu().count(), instance.getSpec().memoryBytes()),
            Usage::plus);
      }
    }
    List<NodeSnapshot> nodes =
        cluster.nodes().all().stream()
            .map(
                node ->
                    snapshot(node, usage.getOrDefault(node.getMetadata().getName(), Usage.NONE)))
            .toList();
    return new ClusterSnapshot(nodes);
  }

  private NodeSnapshot snapshot(HypervisorNode node, Usage usage) {
    Map<String, String> labels = node.getMetadata().getLabels();
    return new NodeSnapshot(
        node.getMetadata().getName(),
        labels == null ? Map.of() : labels,
        monitor.isHealthy(node.getMetadata().getName()),
        node.getSpec().maintenance(),
        node.getSpec().taintsOrEmpty(),
        node.getStatus(),
        usage.cpus(),
        usage.memoryBytes());
  }

  private static boolean isFinished(VirtualMachineInstance instance) {
    VirtualMachineInstanceStatus status = instance.getStatus();
    return status != null && (status.phase() == Phase.SUCCEEDED || status.phase() == Phase.FAILED);
  }
}
