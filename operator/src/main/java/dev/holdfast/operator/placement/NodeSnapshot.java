package dev.holdfast.operator.placement;

import dev.holdfast.crds.node.HypervisorNodeStatus;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A node at the moment of a decision.
 *
 * @param status what its agent says, or null if it has not said anything yet
 * @param usedCpus virtual CPUs of the instances on the node
 * @param usedMemoryBytes guest memory of the instances on the node
 */
public record NodeSnapshot(
    String name,
    Map<String, String> labels,
    boolean healthy,
    boolean maintenance,
    @Nullable HypervisorNodeStatus status,
    long usedCpus,
    long usedMemoryBytes) {
  public NodeSnapshot {
    labels = Map.copyOf(labels);
  }
}
