package dev.holdfast.operator.placement;

import dev.holdfast.crds.node.HypervisorNodeSpec;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A node at the moment of a decision.
 *
 * @param taints any keeps the machine off, because machines cannot tolerate one yet
 * @param status what its agent says, or null if it has not said anything yet
 * @param usedCpus virtual CPUs of the instances on the node
 * @param usedMemoryBytes guest memory of the instances on the node
 */
public record NodeSnapshot(
    String name,
    Map<String, String> labels,
    boolean healthy,
    boolean maintenance,
    List<HypervisorNodeSpec.Taint> taints,
    @Nullable HypervisorNodeStatus status,
    long usedCpus,
    long usedMemoryBytes) {
  public NodeSnapshot {
    labels = Map.copyOf(labels);
    taints = List.copyOf(taints);
  }
}
