package dev.holdfast.keeper.lease;

import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.MachineLeases;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Predicate;

/** Which machine holds what. Knows nothing of how. Thread-safe, never blocks. */
public final class LeaseTable {
  /** Machines without leases are not in it. Guarded by this table. */
  private final Map<UUID, List<Holding>> machines = new LinkedHashMap<>();

  public synchronized void add(UUID machine, List<Holding> holdings) {
    if (!holdings.isEmpty()) {
      machines.computeIfAbsent(machine, _ -> new ArrayList<>()).addAll(holdings);
    }
  }

  /** Forgets all that a machine holds, in the order in which it was acquired. */
  public synchronized List<Holding> remove(UUID machine) {
    List<Holding> removed = machines.remove(machine);
    return removed == null ? List.of() : removed;
  }

  /** Forgets some of what a machine holds. */
  public synchronized List<Holding> remove(UUID machine, Predicate<HeldLease> which) {
    List<Holding> all = machines.getOrDefault(machine, new ArrayList<>());
    List<Holding> removed = all.stream().filter(holding -> which.test(holding.held())).toList();
    all.removeAll(removed);
    if (all.isEmpty()) {
      machines.remove(machine);
    }
    return removed;
  }

  public synchronized List<Holding> all() {
    return machines.values().stream().flatMap(List::stream).toList();
  }

  public synchronized List<Holding> of(UUID machine) {
    return List.copyOf(machines.getOrDefault(machine, List.of()));
  }

  /** Some machine that has a holding of the given kind. */
  public synchronized Optional<UUID> holderOf(Predicate<HeldLease> lease) {
    return machines.entrySet().stream()
        .filter(entry -> entry.getValue().stream().anyMatch(holding -> lease.test(holding.held())))
        .map(Map.Entry::getKey)
        .findFirst();
  }

  public synchronized List<MachineLeases> list() {
    return machines.entrySet().stream()
        .map(
            entry ->
                new MachineLeases(
                    entry.getKey(), entry.getValue().stream().map(Holding::held).toList()))
        .toList();
  }
}
