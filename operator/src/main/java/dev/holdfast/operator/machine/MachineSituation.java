package dev.holdfast.operator.machine;

import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.operator.lease.Failover;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All that a machine's status is made of.
 *
 * @param instance the machine's own instance, or null if it has none
 * @param failover what is done about the instance if its node is lost; null if its agent is alive
 * @param stopping whether the instance is on its way out
 * @param obstacle what keeps the machine from getting an instance, or null
 * @param pendingChanges paths of the spec that differ from the instance
 */
record MachineSituation(
    VirtualMachine machine,
    String uuid,
    @Nullable VirtualMachineInstance instance,
    @Nullable Failover failover,
    boolean stopping,
    @Nullable Obstacle obstacle,
    List<String> pendingChanges) {
  MachineSituation {
    pendingChanges = List.copyOf(pendingChanges);
  }

  /** Whether the agent of the instance's node is alive. */
  boolean nodeHealthy() {
    return failover == null;
  }
}
