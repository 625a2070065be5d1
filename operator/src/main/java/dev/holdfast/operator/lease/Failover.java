package dev.holdfast.operator.lease;

import dev.holdfast.crds.node.HypervisorNodeSpec;
import dev.holdfast.crds.node.HypervisorNodeStatus.Peer;
import dev.holdfast.crds.node.HypervisorNodeStatus.PeerState;
import dev.holdfast.crds.storage.StoragePoolSpec.Backend;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What is done about a machine whose node gives no sign of life. The lease on the storage keeps two
 * machines from one disk whatever is decided here; this only keeps from trying too early. What is
 * not known never speaks for a takeover.
 */
public sealed interface Failover {
  /** It is started on another node. */
  record TakeOver(String why) implements Failover {}

  /**
   * The lost node may still have its disks. Somebody may say that it has not.
   *
   * @param earliest when the storage will show that it has not unless it comes back; null if that
   *     cannot be said
   */
  record Held(String message, @Nullable Instant earliest) implements Failover {}

  /** It stays with its node, because it could not run on another one or nothing holds it. */
  record Stay(String message) implements Failover {}

  static Failover decide(LostMachine machine) {
    for (LostMachine.Image image : machine.images()) {
      LostMachine.Pool pool = image.pool();
      if (pool == null || !pool.shared()) {
        return new Stay(
            lost(machine, "The machine may still be running there, and its disk %s lies there")
                    .formatted(image.disk())
                + "; nothing is done about it until the agent is back.");
      }
    }
    if (machine.outOfService()) {
      return outOfService(machine);
    }
    if (machine.images().isEmpty()) {
      return new Stay(
          lost(machine, "The machine may still be running there")
              + "; nothing is done about it until the agent is back. "
              + remedy(machine));
    }
    return byStorage(machine);
  }

  private static Failover outOfService(LostMachine machine) {
    for (LostMachine.Image image : machine.images()) {
      LostMachine.Pool pool = image.pool();
      if (pool != null && pool.backend() == Backend.NONE) {
        return new Held(
            lost(
                    machine,
                    "It is out of service, but StoragePool %s of disk %s has no leases: nothing would keep the machine from writing if it still ran. Delete the machine and apply it again to take that risk; its disks stay"
                        .formatted(pool.name(), image.disk()))
                + ".",
            null);
      }
    }
    return new TakeOver(
        "Node %s gives no sign of life and has the taint %s."
            .formatted(machine.node(), HypervisorNodeSpec.OUT_OF_SERVICE));
  }

  private static Failover byStorage(LostMachine machine) {
    List<String> proofs = new ArrayList<>();
    List<Verdict> obstacles = new ArrayList<>();
    for (LostMachine.Image image : machine.images()) {
      Verdict verdict = judge(image);
      if (verdict.takeable()) {
        proofs.add(verdict.why());
      } else {
        obstacles.add(verdict);
      }
    }
    if (obstacles.isEmpty()) {
      return new TakeOver(
          "Node %s gives no sign of life, and %s."
              .formatted(machine.node(), String.join("; ", proofs.stream().distinct().toList())));
    }
    boolean foreseeable = obstacles.stream().allMatch(verdict -> verdict.earliest() != null);
    Optional<Instant> earliest =
        obstacles.stream()
            .map(Verdict::earliest)
            .filter(instant -> instant != null)
            .max(Comparator.naturalOrder());
    return new Held(
        "Node %s gives no sign of life, and %s. %s"
            .formatted(
                machine.node(),
                String.join("; ", obstacles.stream().map(Verdict::why).distinct().toList()),
                remedy(machine)),
        foreseeable ? earliest.orElse(null) : null);
  }

  /**
   * Whether one image may be taken over.
   *
   * @param earliest when it may be unless the node comes back, if that can be said
   */
  record Verdict(boolean takeable, String why, @Nullable Instant earliest) {
    private static Verdict no(String why) {
      return new Verdict(false, why, null);
    }
  }

  private static Verdict judge(LostMachine.Image image) {
    LostMachine.Pool pool = image.pool();
    LostMachine.Host host = pool == null ? null : pool.host();
    if (pool == null || host == null) {
      return Verdict.no(
          "the leases of disk %s do not tell whether the machine still has it"
              .formatted(image.disk()));
    }
    Integer id = host.id();
    if (id == null) {
      return Verdict.no(
          "it has no host id in StoragePool %s by which others could tell whether it is dead"
              .formatted(pool.name()));
    }
    if (host.witnesses() == 0) {
      return Verdict.no(
          "no other node is live in the lockspace of StoragePool %s to tell whether it still renews its leases"
              .formatted(pool.name()));
    }
    long newest =
        Math.max(
            host.generation(), host.reports().stream().mapToLong(Peer::generation).max().orElse(0));
    List<Peer> current =
        host.reports().stream().filter(peer -> peer.generation() == newest).toList();
    // An id that was given back may be acquired again at any moment, so one old report is not
    // enough; a dead one cannot go on with the leases that it had.
    if (count(current, PeerState.FREE) == host.witnesses()) {
      return new Verdict(
          true, "it has given back its leases in StoragePool %s".formatted(pool.name()), null);
    }
    if (count(current, PeerState.DEAD) > 0) {
      return ofDead(pool, host, id);
    }
    Optional<Instant> deadAt =
        current.stream()
            .filter(peer -> peer.state() == PeerState.FAILING)
            .map(peer -> instant(peer.deadAt()))
            .flatMap(Optional::stream)
            .min(Comparator.naturalOrder());
    if (deadAt.isPresent()) {
      return new Verdict(
          false,
          "its host id %d in StoragePool %s is not renewed any more and counts as dead from %s on%s"
              .formatted(id, pool.name(), deadAt.get(), policy(pool, host)),
          ofDead(pool, host, id).takeable() ? deadAt.get() : null);
    }
    return Verdict.no(
        "its host id %d in StoragePool %s is still renewed as far as others can see, so that the machine most likely runs"
            .formatted(id, pool.name()));
  }

  private static long count(List<Peer> reports, PeerState state) {
    return reports.stream().filter(peer -> peer.state() == state).count();
  }

  private static Verdict ofDead(LostMachine.Pool pool, LostMachine.Host host, int id) {
    String dead =
        "its host id %d in StoragePool %s is dead by the storage".formatted(id, pool.name());
    String policy = policy(pool, host);
    return new Verdict(policy.isEmpty(), dead + policy, null);
  }

  /** Why death by the storage is not enough, or nothing. */
  private static String policy(LostMachine.Pool pool, LostMachine.Host host) {
    return switch (pool.takeover()) {
      case STORAGE_FENCE, BEST_EFFORT -> "";
      case NONE -> ", but the pool leaves it to you (leases.takeover is none)";
      case WATCHDOG -> {
        Integer level = host.fencingLevel();
        yield level != null && level == 3
            ? ""
            : ", but no watchdog is known to have reset the node (fencing level "
                + (level == null ? "unknown" : level)
                + ", leases.takeover is watchdog)";
      }
    };
  }

  private static String lost(LostMachine machine, String then) {
    return "The agent of node " + machine.node() + " gives no sign of life. " + then;
  }

  private static String remedy(LostMachine machine) {
    return ("If the node is off for certain, say so, and the machine is started elsewhere: kubectl"
                + " patch hvnode %s --type=merge -p "
                + "'{\"spec\":{\"taints\":[{\"key\":\"%s\",\"value\":\"nodeshutdown\",\"effect\":\"NoExecute\"}]}}'")
        .formatted(machine.node(), HypervisorNodeSpec.OUT_OF_SERVICE);
  }

  private static Optional<Instant> instant(@Nullable String text) {
    try {
      return text == null ? Optional.empty() : Optional.of(Instant.parse(text));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
