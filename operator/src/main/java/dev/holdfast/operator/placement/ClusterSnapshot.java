package dev.holdfast.operator.placement;

import java.util.List;

/** All nodes at the moment of a decision. */
public record ClusterSnapshot(List<NodeSnapshot> nodes) {
  public ClusterSnapshot {
    nodes = List.copyOf(nodes);
  }
}
