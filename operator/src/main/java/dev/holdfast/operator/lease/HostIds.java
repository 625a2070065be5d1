package dev.holdfast.operator.lease;

import dev.holdfast.crds.storage.StoragePoolSpec.Leases;
import dev.holdfast.crds.storage.StoragePoolStatus.Host;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Gives nodes their host ids in a lockspace. An id belongs to its node for as long as the node
 * exists, and after that until the storage shows that nobody renews it: two nodes with one id would
 * each be refused for as long as the other one lives.
 */
public final class HostIds {
  private static final int MOST_IDS = 2000;
  private static final int IDS_PER_MEBIBYTE_OF_LARGE_SECTORS = 250;

  private HostIds() {}

  /**
   * What is known of the nodes.
   *
   * @param wanting nodes of the pool that exist
   * @param existing all nodes that exist
   * @param reported the host id that each node says it has
   * @param unrenewed ids that a node with a view of the storage says are free or dead
   */
  public record Nodes(
      Set<String> wanting,
      Set<String> existing,
      Map<String, Integer> reported,
      Set<Integer> unrenewed) {
    public Nodes {
      wanting = Set.copyOf(wanting);
      existing = Set.copyOf(existing);
      reported = Map.copyOf(reported);
      unrenewed = Set.copyOf(unrenewed);
    }
  }

  /** The highest host id that the geometry of the leases has room for (sanlock(8), -Z and -A). */
  public static int most(Leases leases) {
    return leases.sectorSize() == 512
        ? MOST_IDS
        : IDS_PER_MEBIBYTE_OF_LARGE_SECTORS * leases.alignMebibytes();
  }

  /**
   * The ids after everybody who can has one, by id. A node for which none is left has none.
   *
   * @param before the ids that are given now
   */
  public static List<Host> allocate(List<Host> before, Nodes nodes, int most) {
    Set<Integer> inUse = new HashSet<>(nodes.reported().values());
    List<Host> hosts = new ArrayList<>();
    for (Host host : before) {
      boolean over =
          !nodes.existing().contains(host.node())
              && nodes.unrenewed().contains(host.hostId())
              && !inUse.contains(host.hostId());
      if (!over) {
        hosts.add(host);
      }
    }
    Map<Integer, String> owners = new HashMap<>();
    Set<String> served = new HashSet<>();
    hosts.forEach(
        host -> {
          owners.put(host.hostId(), host.node());
          served.add(host.node());
        });
    for (String node : new TreeSet<>(nodes.wanting())) {
      if (served.contains(node)) {
        continue;
      }
      Integer had = nodes.reported().get(node);
      int id = had != null && !owners.containsKey(had) ? had : lowest(owners.keySet(), inUse, most);
      if (id <= most) {
        owners.put(id, node);
        hosts.add(new Host(node, id));
      }
    }
    hosts.sort(Comparator.comparingInt(Host::hostId));
    return List.copyOf(hosts);
  }

  private static int lowest(Set<Integer> given, Set<Integer> inUse, int most) {
    int id = 1;
    while (id <= most && (given.contains(id) || inUse.contains(id))) {
      id++;
    }
    return id;
  }
}
