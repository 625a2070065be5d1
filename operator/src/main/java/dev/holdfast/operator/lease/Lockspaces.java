package dev.holdfast.operator.lease;

import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeStatus.Lockspace;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.crds.node.HypervisorNodeStatus.Peer;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolStatus;
import dev.holdfast.crds.storage.StoragePoolStatus.Host;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.node.NodeMonitor;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the nodes say about the lockspaces that they are in. */
public final class Lockspaces {
  private final ClusterCache cluster;
  private final NodeMonitor monitor;

  public Lockspaces(ClusterCache cluster, NodeMonitor monitor) {
    this.cluster = cluster;
    this.monitor = monitor;
  }

  /** What a node said last of a pool, or null if it has never said anything of it. */
  public static @Nullable PoolStatus viewOf(@Nullable HypervisorNode node, String pool) {
    for (PoolStatus view : viewsOf(node)) {
      if (view.name().equals(pool)) {
        return view;
      }
    }
    return null;
  }

  /** What a node said last of its pools. */
  public static List<PoolStatus> viewsOf(@Nullable HypervisorNode node) {
    return node == null || node.getStatus() == null || node.getStatus().pools() == null
        ? List.of()
        : node.getStatus().pools();
  }

  /** What a node said last of its part in the lockspace of a pool, or null. */
  public static @Nullable Lockspace of(@Nullable HypervisorNode node, String pool) {
    PoolStatus view = viewOf(node, pool);
    return view == null ? null : view.lockspace();
  }

  /** The host id that the operator gave to a node in the lockspace of a pool. */
  public static Optional<Integer> hostId(@Nullable StoragePool pool, String node) {
    StoragePoolStatus status = pool == null ? null : pool.getStatus();
    return status == null
        ? Optional.empty()
        : status.hostsOrEmpty().stream()
            .filter(host -> host.node().equals(node))
            .map(Host::hostId)
            .findFirst();
  }

  /** What the nodes say of a lockspace that are healthy and live in it, without one of them. */
  public List<Lockspace> witnesses(String pool, String exceptNode) {
    List<Lockspace> witnesses = new ArrayList<>();
    for (HypervisorNode node : cluster.nodes().all()) {
      String name = node.getMetadata().getName();
      Lockspace view = of(node, pool);
      if (view != null
          && view.phase() == LockspacePhase.LIVE
          && !name.equals(exceptNode)
          && monitor.isHealthy(name)) {
        witnesses.add(view);
      }
    }
    return witnesses;
  }

  /** What witnesses say of a host id that is not renewed. */
  public static List<Peer> reports(List<Lockspace> witnesses, int hostId) {
    return witnesses.stream()
        .flatMap(witness -> witness.peersOrEmpty().stream())
        .filter(peer -> peer.hostId() == hostId)
        .toList();
  }

  /** The nodes of which a node says something else than before: whether they renew their leases. */
  public Set<String> seenOtherwise(
      @Nullable HypervisorNode before, @Nullable HypervisorNode after) {
    Set<String> nodes = new HashSet<>();
    Set<String> pools = new HashSet<>();
    viewsOf(before).forEach(view -> pools.add(view.name()));
    viewsOf(after).forEach(view -> pools.add(view.name()));
    for (String name : pools) {
      Lockspace old = of(before, name);
      Lockspace now = of(after, name);
      StoragePool pool = cluster.pools().find(new ResourceID(name));
      if (Objects.equals(old, now) || pool == null || pool.getStatus() == null) {
        continue;
      }
      Map<Integer, Peer> oldPeers = peers(old);
      Map<Integer, Peer> newPeers = peers(now);
      for (Host host : pool.getStatus().hostsOrEmpty()) {
        if (!Objects.equals(oldPeers.get(host.hostId()), newPeers.get(host.hostId()))) {
          nodes.add(host.node());
        }
      }
    }
    return nodes;
  }

  private static Map<Integer, Peer> peers(@Nullable Lockspace view) {
    Map<Integer, Peer> peers = new HashMap<>();
    if (view != null && view.phase() == LockspacePhase.LIVE) {
      view.peersOrEmpty().forEach(peer -> peers.put(peer.hostId(), peer));
    }
    return peers;
  }
}
