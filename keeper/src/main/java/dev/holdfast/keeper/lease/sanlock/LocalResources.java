package dev.holdfast.keeper.lease.sanlock;

import dev.holdfast.keeper.protocol.lease.LeaseMode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Which machines of this host use which resource of one lockspace. The storage keeps hosts apart,
 * this table keeps the machines of one host apart: for the storage all of them are the same owner.
 * Thread-safe, never blocks.
 */
final class LocalResources {
  /** What became of the wish of a machine. */
  sealed interface Entry {
    /** The machine is noted; the lease has to be acquired from the storage. */
    record Fresh() implements Entry {}

    /** The host has the lease shared for another machine, and now for this one too. */
    record Joined(ResourceClaim claim) implements Entry {}

    /** A machine of this host has it, or is about to. */
    record Taken(UUID machine, LeaseMode mode) implements Entry {}

    /** It is being given back, or nobody can know yet whose it is. */
    record Unsettled() implements Entry {}
  }

  /** Guarded by the table. */
  private static final class Use {
    private final LeaseMode mode;
    private final Set<UUID> machines = new LinkedHashSet<>();
    private @Nullable ResourceClaim claim;
    private boolean leaving;

    Use(LeaseMode mode) {
      this.mode = mode;
    }
  }

  private final Map<String, Use> uses = new HashMap<>();

  /** Notes that a machine wants a resource. */
  synchronized Entry enter(String resource, LeaseMode mode, UUID machine) {
    Use use = uses.get(resource);
    if (use == null) {
      Use fresh = new Use(mode);
      fresh.machines.add(machine);
      uses.put(resource, fresh);
      return new Entry.Fresh();
    }
    if (use.leaving) {
      return new Entry.Unsettled();
    }
    ResourceClaim claim = use.claim;
    if (mode == LeaseMode.SHARED && use.mode == LeaseMode.SHARED && claim != null) {
      use.machines.add(machine);
      return new Entry.Joined(claim);
    }
    return new Entry.Taken(use.machines.iterator().next(), use.mode);
  }

  /** The storage has given the resource to us. */
  synchronized void acquired(String resource, ResourceClaim claim) {
    Use use = uses.get(resource);
    if (use != null) {
      use.claim = claim;
    }
  }

  /**
   * A machine gives a resource up.
   *
   * @return what now has to be given back to the storage, with {@link #settled} to follow; empty
   *     while other machines still use it
   */
  synchronized Optional<ResourceClaim> leave(String resource, UUID machine) {
    Use use = uses.get(resource);
    if (use == null || !use.machines.remove(machine) || !use.machines.isEmpty()) {
      return Optional.empty();
    }
    use.leaving = true;
    return Optional.ofNullable(use.claim);
  }

  /** The resource is free again as far as this host is concerned. */
  synchronized void settled(String resource) {
    uses.remove(resource);
  }

  /** The acquisition has an unknown end: nobody may have it until {@link #settled}. */
  synchronized void unsettle(String resource) {
    Use use = uses.get(resource);
    if (use != null) {
      use.machines.clear();
      use.leaving = true;
    }
  }

  /** Whether something is being acquired or given back. */
  synchronized boolean isUnsettled() {
    return uses.values().stream().anyMatch(use -> use.claim == null || use.leaving);
  }

  /** The program before this one has acquired it for these machines. */
  synchronized void takeOver(
      String resource, LeaseMode mode, Collection<UUID> machines, ResourceClaim claim) {
    Use use = new Use(mode);
    use.machines.addAll(machines);
    use.claim = claim;
    uses.put(resource, use);
  }

  /** What is held, to be looked at on the storage. */
  synchronized Map<ResourceClaim, LeaseMode> claims() {
    var claims = new HashMap<ResourceClaim, LeaseMode>();
    for (Use use : uses.values()) {
      if (use.claim != null && !use.leaving) {
        claims.put(use.claim, use.mode);
      }
    }
    return claims;
  }

  /** Machines that hold something. */
  synchronized Collection<UUID> machines() {
    var machines = new HashSet<UUID>();
    for (Use use : uses.values()) {
      if (use.claim != null) {
        machines.addAll(use.machines);
      }
    }
    return machines;
  }

  /** Whether anything is held, being acquired or being given back. */
  synchronized boolean isEmpty() {
    return uses.isEmpty();
  }

  /**
   * A machine is gone whose host id was lost: whatever it had is nobody's any more.
   *
   * @return the names of the resources
   */
  synchronized List<String> forfeit(UUID machine) {
    var lost = new ArrayList<String>();
    uses.entrySet()
        .removeIf(
            entry -> {
              Use use = entry.getValue();
              if (use.claim != null && use.machines.remove(machine)) {
                lost.add(entry.getKey());
                return use.machines.isEmpty();
              }
              return false;
            });
    return lost;
  }
}
