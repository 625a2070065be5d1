package dev.holdfast.operator.disk;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.HeldLease;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeStatus.Lockspace;
import dev.holdfast.crds.node.HypervisorNodeStatus.Peer;
import dev.holdfast.crds.node.HypervisorNodeStatus.PeerState;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskStatus.Holder;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.lease.Lockspaces;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Which machines have a disk attached, and which of them hold its lease. */
final class DiskUsers {
  static final String LEASES_HELD = "LeasesHeld";

  /** As many as the definition allows. */
  private static final int MOST_HOLDERS = 64;

  private final ClusterCache cluster;
  private final Lockspaces lockspaces;

  DiskUsers(ClusterCache cluster, Lockspaces lockspaces) {
    this.cluster = cluster;
    this.lockspaces = lockspaces;
  }

  /** The machines' instances, by name. */
  List<VirtualMachineInstance> of(VirtualDisk disk) {
    return cluster
        .instances()
        .withIndex(
            ClusterCache.BY_DISK,
            ClusterCache.key(disk.getMetadata().getNamespace(), disk.getMetadata().getName()))
        .stream()
        .sorted(Comparator.comparing(instance -> instance.getMetadata().getName()))
        .toList();
  }

  List<Holder> holders(VirtualDisk disk, List<VirtualMachineInstance> users) {
    List<Holder> holders = new ArrayList<>();
    Map<String, List<Lockspace>> witnesses = new HashMap<>();
    for (VirtualMachineInstance user : users) {
      HeldLease held = held(disk, user);
      if (held != null && holders.size() < MOST_HOLDERS) {
        holders.add(holder(disk, user, held, witnesses));
      }
    }
    return holders;
  }

  private Holder holder(
      VirtualDisk disk,
      VirtualMachineInstance user,
      HeldLease held,
      Map<String, List<Lockspace>> witnesses) {
    String node = user.getSpec().nodeName();
    String pool = disk.getSpec().poolRef();
    HypervisorNode known = cluster.nodes().find(new ResourceID(node));
    Lockspace said = held.hostId() == null ? null : Lockspaces.of(known, pool);
    return new Holder(
        user.getMetadata().getName(),
        node,
        held.hostId(),
        held.generation(),
        held.version(),
        held.since(),
        said == null ? null : said.fencingLevel(),
        earliestTakeover(
            held, witnesses.computeIfAbsent(node, name -> lockspaces.witnesses(pool, name))));
  }

  private static @Nullable String earliestTakeover(HeldLease held, List<Lockspace> witnesses) {
    Integer hostId = held.hostId();
    Long generation = held.generation();
    if (hostId == null || generation == null) {
      return null;
    }
    return Lockspaces.reports(witnesses, hostId).stream()
        .filter(peer -> peer.generation() == generation && peer.state() != PeerState.FREE)
        .map(Peer::deadAt)
        .filter(Objects::nonNull)
        .min(Comparator.naturalOrder())
        .orElse(null);
  }

  // The versions of a paused machine stay in its status, but it holds nothing.
  private static @Nullable HeldLease held(VirtualDisk disk, VirtualMachineInstance user) {
    VirtualMachineInstanceStatus status = user.getStatus();
    if (status == null) {
      return null;
    }
    Condition condition = Condition.find(status.conditions(), LEASES_HELD);
    if (condition != null && condition.status().equals(Condition.FALSE)) {
      return null;
    }
    for (VirtualMachineInstanceSpec.Disk attached : user.getSpec().disksOrEmpty()) {
      if (attached.diskRef().equals(disk.getMetadata().getName())) {
        for (HeldLease lease : status.leasesOrEmpty()) {
          if (lease.disk().equals(attached.name())) {
            return lease;
          }
        }
      }
    }
    return null;
  }
}
