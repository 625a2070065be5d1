package dev.holdfast.node.agent.status;

import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.node.HypervisorNodeStatus.Lockspace;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.crds.node.HypervisorNodeStatus.Peer;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.node.plan.HostLeases;
import dev.holdfast.node.plan.HostLeases.LockspaceDefinition;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What is told of a node's part in lockspaces. Pure functions of their arguments. */
public final class LockspaceStatus {
  private static final String LEASES_RENEWED = "LeasesRenewed";

  private LockspaceStatus() {}

  /**
   * Something to tell people about a pool's lockspace.
   *
   * @param reason in CamelCase
   */
  public record News(boolean bad, String reason, String message) {}

  /**
   * The lockspace as it stands.
   *
   * @param joined as the host shows it, or null
   * @param failure why it could not be joined, or null
   */
  public static Lockspace of(
      LockspaceDefinition wanted, HostLeases.@Nullable Lockspace joined, @Nullable Cause failure) {
    if (joined == null || joined.phase() == null) {
      return new Lockspace(
          wanted.hostId(),
          null,
          LockspacePhase.JOINING,
          null,
          failure == null ? null : failure.message(),
          null);
    }
    String message = failure == null ? joined.message() : failure.message();
    List<Peer> peers =
        joined.peers().stream()
            .flatMap(peer -> peer(peer).stream())
            .sorted(Comparator.comparing(Peer::hostId))
            .toList();
    return new Lockspace(
        joined.definition().hostId(),
        joined.generation(),
        joined.phase(),
        joined.fencingLevel(),
        message,
        peers.isEmpty() ? null : peers);
  }

  private static Optional<Peer> peer(HostLeases.Peer peer) {
    var state = peer.state();
    if (state == null) {
      return Optional.empty();
    }
    Instant deadAt = peer.deadAt();
    return Optional.of(
        new Peer(
            peer.hostId(),
            peer.generation(),
            state,
            deadAt == null ? null : deadAt.truncatedTo(ChronoUnit.SECONDS).toString()));
  }

  /** Adds whether all leases of the node are renewed, if it has lockspaces. */
  public static void addTo(Conditions conditions, List<PoolStatus> pools) {
    Map<LockspacePhase, List<String>> byPhase =
        pools.stream()
            .filter(pool -> pool.lockspace() != null)
            .collect(
                Collectors.groupingBy(
                    pool -> Objects.requireNonNull(pool.lockspace()).phase(),
                    Collectors.mapping(PoolStatus::name, Collectors.toList())));
    if (byPhase.isEmpty()) {
      return;
    }
    if (byPhase.containsKey(LockspacePhase.FAILED)) {
      conditions.add(
          LEASES_RENEWED,
          false,
          "LockspaceFailed",
          "the storage of pools %s does not answer; machines with disks there were killed and start again when it is back"
              .formatted(byPhase.get(LockspacePhase.FAILED)));
    } else if (byPhase.containsKey(LockspacePhase.LATE)) {
      conditions.add(
          LEASES_RENEWED,
          false,
          "RenewalLate",
          "the storage of pools %s answers late; machines with disks there are killed if that lasts"
              .formatted(byPhase.get(LockspacePhase.LATE)));
    } else if (byPhase.containsKey(LockspacePhase.JOINING)) {
      conditions.add(
          LEASES_RENEWED,
          false,
          "Joining",
          "the host id of this node is being acquired in pools "
              + byPhase.get(LockspacePhase.JOINING));
    } else {
      conditions.add(LEASES_RENEWED, true, "Renewed", "this node renews its leases in all pools");
    }
  }

  /** What has become new between two statuses. */
  public static List<News> news(@Nullable List<PoolStatus> before, List<PoolStatus> after) {
    Map<String, PoolStatus> old =
        before == null
            ? Map.of()
            : before.stream().collect(Collectors.toMap(PoolStatus::name, Function.identity()));
    return after.stream()
        .filter(pool -> pool.lockspace() != null)
        .filter(pool -> phase(old.get(pool.name())) != phase(pool))
        .flatMap(pool -> news(pool, phase(old.get(pool.name()))).stream())
        .toList();
  }

  private static @Nullable LockspacePhase phase(@Nullable PoolStatus pool) {
    Lockspace lockspace = pool == null ? null : pool.lockspace();
    return lockspace == null ? null : lockspace.phase();
  }

  private static List<News> news(PoolStatus pool, @Nullable LockspacePhase before) {
    Lockspace lockspace = Objects.requireNonNull(pool.lockspace());
    String why = lockspace.message() == null ? "" : ": " + lockspace.message();
    return switch (lockspace.phase()) {
      case JOINING -> List.of();
      case LIVE ->
          before == null || before == LockspacePhase.JOINING
              ? List.of(
                  new News(
                      false,
                      "LockspaceJoined",
                      "pool %s: leases can be had under host id %d"
                          .formatted(pool.name(), lockspace.hostId())))
              : List.of(
                  new News(
                      false, "LockspaceRecovered", "pool " + pool.name() + ": leases are renewed"));
      case LATE ->
          List.of(
              new News(
                  true,
                  "RenewalLate",
                  "pool %s: leases could not be renewed in time%s".formatted(pool.name(), why)));
      case FAILED ->
          List.of(
              new News(
                  true,
                  "LockspaceFailed",
                  "pool %s: this node has lost its leases, and the machines that held them are killed%s"
                      .formatted(pool.name(), why)));
    };
  }
}
