package dev.holdfast.operator.placement;

import dev.holdfast.crds.machine.Accelerator;
import java.util.Map;

/** Where a machine goes, or why it cannot go anywhere. */
public sealed interface Placement {
  /**
   * The node was chosen, and with it what the node decides.
   *
   * @param machineType versioned machine type
   * @param score higher is better; only comparable with other nodes of the same decision
   * @param reason why this node, for people
   */
  record Bound(
      String node,
      Accelerator accelerator,
      String machineType,
      String cpuModel,
      double score,
      String reason)
      implements Placement {}

  /** No node will do; the first rejection of each. */
  record Unschedulable(Map<String, Rejection> rejections) implements Placement {
    public Unschedulable {
      rejections = Map.copyOf(rejections);
    }

    /** The same for people, in the words of kube-scheduler. */
    public String message() {
      return Rejection.summary(rejections.values());
    }
  }
}
