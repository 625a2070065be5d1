package dev.holdfast.operator.lease;

import dev.holdfast.crds.node.HypervisorNodeStatus.Peer;
import dev.holdfast.crds.storage.StoragePoolSpec.Backend;
import dev.holdfast.crds.storage.StoragePoolSpec.Takeover;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All that is known of a machine whose node gives no sign of life.
 *
 * @param outOfService whether the administrator vouches for it that the node is off
 * @param images in the order of the machine's disks
 */
record LostMachine(String node, boolean outOfService, List<Image> images) {
  LostMachine {
    images = List.copyOf(images);
  }

  /**
   * The image of one disk.
   *
   * @param disk name of the VirtualDisk
   * @param pool how its pool is, or null if there is none any more
   */
  record Image(String disk, @Nullable Pool pool) {}

  /**
   * A pool.
   *
   * @param shared whether other nodes reach its images
   * @param host the lost node's part in its lockspace; null without sanlock leases
   */
  record Pool(
      String name, boolean shared, Backend backend, Takeover takeover, @Nullable Host host) {}

  /**
   * The lost node's part in a lockspace.
   *
   * @param id its host id, or null if it has none
   * @param generation the newest that it or the machine is known to have had; 0 if none is known
   * @param fencingLevel that the node said last that it has, or null
   * @param witnesses healthy nodes that are live in the lockspace
   * @param reports what those say of the id that do not see it renewed
   */
  record Host(
      @Nullable Integer id,
      long generation,
      @Nullable Integer fencingLevel,
      int witnesses,
      List<Peer> reports) {
    Host {
      reports = List.copyOf(reports);
    }
  }
}
