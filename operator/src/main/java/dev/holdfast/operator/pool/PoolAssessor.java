package dev.holdfast.operator.pool;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.crds.node.HypervisorNodeStatus.PeerState;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolSpec;
import dev.holdfast.crds.storage.StoragePoolStatus;
import dev.holdfast.crds.storage.StoragePoolStatus.Host;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.lease.HostIds;
import dev.holdfast.operator.lease.Lockspaces;
import dev.holdfast.operator.lease.PoolLockspace;
import dev.holdfast.operator.status.EventDraft;
import dev.holdfast.operator.status.Reason;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The one place where a pool's status comes from. */
final class PoolAssessor {
  static final String LEASES_ENFORCED = "LeasesEnforced";

  /** Nodes whose troubles are told in one condition. */
  private static final int TOLD_TROUBLES = 5;

  private final ClusterCache cluster;
  private final Lockspaces lockspaces;
  private final Clock clock;

  PoolAssessor(ClusterCache cluster, Lockspaces lockspaces, Clock clock) {
    this.cluster = cluster;
    this.lockspaces = lockspaces;
    this.clock = clock;
  }

  /** What only the administrator can cure, if that is news. */
  static List<EventDraft> warnings(
      @Nullable List<Condition> before, @Nullable List<Condition> after) {
    List<EventDraft> warnings = new ArrayList<>();
    if (Condition.isTrue(after, Condition.STALLED)) {
      warnings.addAll(EventDraft.troubleBetween(before, after));
    }
    Condition now = Condition.find(after, LEASES_ENFORCED);
    if (now != null
        && now.status().equals(Condition.FALSE)
        && Condition.find(before, LEASES_ENFORCED) == null) {
      warnings.add(EventDraft.warning(Reason.LEASES_DISABLED, now.message()));
    }
    return warnings;
  }

  StoragePoolStatus evaluate(StoragePool pool) {
    StoragePoolStatus before = pool.getStatus();
    List<Host> hosts = before == null ? List.of() : before.hostsOrEmpty();
    Conditions conditions =
        new Conditions(
            before == null ? null : before.conditions(),
            pool.getMetadata().getGeneration(),
            clock.instant());
    return switch (PoolLockspace.of(pool, cluster.pools().all())) {
      case PoolLockspace.None() -> status(pool, null, List.of(), conditions);
      case PoolLockspace.Own(StoragePoolStatus.Lockspace lockspace) -> {
        List<Host> allocated =
            HostIds.allocate(hosts, nodes(pool), HostIds.most(pool.getSpec().leases()));
        yield status(pool, lockspace, allocated, conditions);
      }
      case PoolLockspace.TakenBy(String name, String other) -> {
        String message =
            "StoragePool %s has the lockspace %s already, and a node can be in one of a name only. Delete this pool and apply it with another leases.lockspace."
                .formatted(other, name);
        conditions.add(Condition.READY, false, Reason.LOCKSPACE_IN_USE.text(), message);
        conditions.add(Condition.STALLED, true, Reason.LOCKSPACE_IN_USE.text(), message);
        yield new StoragePoolStatus(
            pool.getMetadata().getGeneration(),
            0,
            null,
            hosts.isEmpty() ? null : hosts,
            conditions.toList());
      }
    };
  }

  private StoragePoolStatus status(
      StoragePool pool,
      StoragePoolStatus.@Nullable Lockspace lockspace,
      List<Host> hosts,
      Conditions conditions) {
    int usable = addReadiness(pool, lockspace != null, conditions);
    addLeases(pool, conditions);
    return new StoragePoolStatus(
        pool.getMetadata().getGeneration(),
        usable,
        lockspace,
        hosts.isEmpty() ? null : hosts,
        conditions.toList());
  }

  /** Returns the number of nodes that can use the pool. */
  private int addReadiness(StoragePool pool, boolean sanlock, Conditions conditions) {
    String name = pool.getMetadata().getName();
    int usable = 0;
    List<String> troubles = new ArrayList<>();
    for (HypervisorNode node : cluster.nodes().all()) {
      PoolStatus view = Lockspaces.viewOf(node, name);
      if (view == null) {
        continue;
      }
      String trouble = trouble(view, sanlock);
      if (trouble == null) {
        usable++;
      } else {
        troubles.add(node.getMetadata().getName() + ": " + trouble);
      }
    }
    if (usable > 0) {
      conditions.add(
          Condition.READY,
          true,
          Reason.USABLE.text(),
          usable == 1 ? "1 node can use the pool." : usable + " nodes can use the pool.");
    } else {
      String message = "No node can use the pool" + tell(troubles);
      conditions.add(Condition.READY, false, Reason.NO_USABLE_NODE.text(), message);
      conditions.add(Condition.RECONCILING, true, Reason.NO_USABLE_NODE.text(), message);
    }
    return usable;
  }

  private static @Nullable String trouble(PoolStatus view, boolean sanlock) {
    if (!view.usable()) {
      return view.message() == null ? view.reason() : view.message();
    }
    HypervisorNodeStatus.Lockspace lockspace = view.lockspace();
    if (!sanlock || (lockspace != null && lockspace.phase() == LockspacePhase.LIVE)) {
      return null;
    }
    if (lockspace == null) {
      return "not in the lockspace yet";
    }
    String state =
        switch (lockspace.phase()) {
          case JOINING -> "joins the lockspace";
          case LIVE -> "is live in the lockspace";
          case LATE -> "is late to renew its leases";
          case FAILED -> "cannot renew its leases";
        };
    return lockspace.message() == null || lockspace.message().isEmpty()
        ? state
        : state + ", " + lockspace.message();
  }

  private static void addLeases(StoragePool pool, Conditions conditions) {
    StoragePoolSpec.Leases leases = pool.getSpec().leases();
    switch (leases.backend()) {
      case NONE ->
          conditions.add(
              LEASES_ENFORCED,
              false,
              Reason.LEASES_DISABLED.text(),
              "Nothing on the storage keeps a disk of this pool from being written by two machines"
                  + " (leases.backend is none).");
      case OFD ->
          conditions.add(
              LEASES_ENFORCED,
              true,
              Reason.LEASES_ENFORCED.text(),
              "Each disk is locked by a file beside it, as well as the file system locks files"
                  + (pool.getSpec().dir().shared() ? " between nodes." : "."));
      case SANLOCK ->
          conditions.add(
              LEASES_ENFORCED,
              true,
              Reason.LEASES_ENFORCED.text(),
              "Each disk has a sanlock lease; a machine whose lease was not renewed for %d s is killed."
                  .formatted(8 * leases.ioTimeoutSeconds()));
    }
  }

  private HostIds.Nodes nodes(StoragePool pool) {
    String name = pool.getMetadata().getName();
    Map<String, String> selector = pool.getSpec().nodeSelector();
    Set<String> wanting = new HashSet<>();
    Set<String> existing = new HashSet<>();
    Map<String, Integer> reported = new HashMap<>();
    for (HypervisorNode node : cluster.nodes().all()) {
      String nodeName = node.getMetadata().getName();
      Map<String, String> labels = node.getMetadata().getLabels();
      existing.add(nodeName);
      if (selector == null
          || (labels != null && labels.entrySet().containsAll(selector.entrySet()))) {
        wanting.add(nodeName);
      }
      HypervisorNodeStatus.Lockspace lockspace = Lockspaces.of(node, name);
      if (lockspace != null) {
        reported.put(nodeName, lockspace.hostId());
      }
    }
    Set<Integer> unrenewed =
        lockspaces.witnesses(name, "").stream()
            .flatMap(witness -> witness.peersOrEmpty().stream())
            .filter(peer -> peer.state() == PeerState.FREE || peer.state() == PeerState.DEAD)
            .map(HypervisorNodeStatus.Peer::hostId)
            .collect(Collectors.toSet());
    return new HostIds.Nodes(wanting, existing, reported, unrenewed);
  }

  private static String tell(List<String> troubles) {
    if (troubles.isEmpty()) {
      return ": none has reported about it. Check nodeSelector and that a node agent runs.";
    }
    return ". "
        + troubles.stream().sorted().limit(TOLD_TROUBLES).collect(Collectors.joining("; "))
        + (troubles.size() > TOLD_TROUBLES
            ? "; and " + (troubles.size() - TOLD_TROUBLES) + " more"
            : "");
  }
}
