package dev.holdfast.operator.disk;

import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import org.jspecify.annotations.Nullable;

/**
 * Whether another node does what a lost one was to do with an image. Making it again is safe: an
 * image gets its name by link(2), which replaces nothing, so that the one that comes second finds
 * the other's. Deleting it is not while the lost node may still be about to do the same: its unlink
 * could come late and hit an image that has the name by then. So that takes somebody who says that
 * the node is off: by its taint, or by having deleted its HypervisorNode.
 */
enum Relocation {
  /** Nothing is done, or only the node of the instance can do it. */
  STAY,
  /** Another node of the pool is asked instead. */
  MOVE,
  /** There is nothing left to do. */
  RELEASE;

  /**
   * @param pool null if it is gone
   * @param node the node of the instance, or null if it is gone
   * @param deleted whether the image's disk is deleted
   */
  static Relocation of(
      VirtualDiskInstance instance,
      @Nullable StoragePool pool,
      @Nullable HypervisorNode node,
      boolean nodeHealthy,
      boolean deleted) {
    boolean shared = pool != null && pool.getSpec().dir().shared();
    if (nodeHealthy) {
      return STAY;
    }
    if (!deleted && !isTerminating(instance)) {
      return shared && !wasMade(instance) ? MOVE : STAY;
    }
    boolean off = node == null || node.getSpec().outOfService();
    if (!off) {
      return STAY;
    }
    return switch (instance.getSpec().reclaimPolicy()) {
      // A disk that is not deleted gets an empty image where the old one is not to be found.
      case RETAIN -> shared || deleted ? RELEASE : STAY;
      case DELETE -> shared ? MOVE : STAY;
    };
  }

  private static boolean wasMade(VirtualDiskInstance instance) {
    VirtualDiskInstanceStatus status = instance.getStatus();
    return status != null
        && (status.createdAt() != null || status.phase() == VirtualDiskInstanceStatus.Phase.READY);
  }
}
