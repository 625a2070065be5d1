package dev.holdfast.node.plan;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.crds.node.HypervisorNodeStatus.PeerState;
import dev.holdfast.crds.storage.LeaseBackend;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The leases of a host, as its keeper tells them.
 *
 * @param held by UUID of the machine: what it holds, which is never an empty list
 * @param lockspaces by name: those that were joined and not left
 */
public record HostLeases(Map<String, List<Held>> held, Map<String, Lockspace> lockspaces) {

  public static final HostLeases NONE = new HostLeases(Map.of(), Map.of());

  public HostLeases {
    held = Map.copyOf(held);
    lockspaces = Map.copyOf(lockspaces);
  }

  /**
   * A lease that a machine holds.
   *
   * @param hostId this host's number in the lockspace, or null for ofd
   * @param generation of the host id, or null for ofd
   * @param version number of this acquisition, or null for ofd
   * @param since when it was acquired
   */
  public record Held(
      Lease lease,
      @Nullable Integer hostId,
      @Nullable Long generation,
      @Nullable Long version,
      Instant since) {}

  /**
   * What a lockspace is to be on this host.
   *
   * @param hostName unique name of this host on the storage; at most 48 bytes
   */
  public record LockspaceDefinition(
      String name,
      String path,
      long offset,
      int hostId,
      String hostName,
      int ioTimeoutSeconds,
      int sectorSize,
      int alignMebibytes) {}

  /**
   * A lockspace that was joined.
   *
   * @param generation of our host id, or null until it is acquired
   * @param phase null while it is being left
   * @param message what is wrong, or null
   * @param fencingLevel from 1 to 3
   * @param peers other hosts that have ever joined
   */
  public record Lockspace(
      LockspaceDefinition definition,
      @Nullable LockspacePhase phase,
      @Nullable Long generation,
      @Nullable String message,
      int fencingLevel,
      List<Peer> peers) {
    public Lockspace {
      peers = List.copyOf(peers);
    }

    /** Whether leases can be had in it. */
    public boolean isLive() {
      return phase == LockspacePhase.LIVE;
    }
  }

  /**
   * Another host of a lockspace.
   *
   * @param state null when it lives or nothing is known of it
   * @param deadAt when a failing one will be dead, or null
   */
  public record Peer(
      int hostId,
      String hostName,
      long generation,
      @Nullable PeerState state,
      @Nullable Instant deadAt) {}

  /** What a machine holds, empty where it is nothing. */
  public List<Held> of(String uuid) {
    return held.getOrDefault(uuid, List.of());
  }

  /** That very lease as the machine holds it; empty where it does not. */
  public Optional<Held> find(String uuid, Lease lease) {
    return of(uuid).stream().filter(each -> each.lease().equals(lease)).findFirst();
  }

  /** Whether the machine holds that very lease. */
  public boolean holds(String uuid, Lease lease) {
    return find(uuid, lease).isPresent();
  }

  /** Whether a machine of this host holds leases in the lockspace. */
  boolean isInUse(String lockspace) {
    return held.values().stream()
        .flatMap(List::stream)
        .anyMatch(
            each ->
                each.lease().backend() == LeaseBackend.SANLOCK
                    && lockspace.equals(each.lease().lockspace()));
  }
}
