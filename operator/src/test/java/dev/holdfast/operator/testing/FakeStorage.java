package dev.holdfast.operator.testing;

import dev.holdfast.crds.node.HypervisorNodeStatus.Peer;
import dev.holdfast.crds.node.HypervisorNodeStatus.PeerState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A storage that nodes share, with sanlock leases on it as far as the operator sees them. It lets
 * nobody take a lease from a host that is not dead, as the real one does.
 */
public final class FakeStorage {
  /**
   * A host id.
   *
   * @param state null while it is renewed
   */
  private record Host(long generation, @Nullable PeerState state, @Nullable Instant deadAt) {}

  /** Who has a lease. */
  private record Owner(int hostId, long generation, String machine, boolean shared) {}

  private final Map<Integer, Host> hosts = new TreeMap<>();
  private final Map<String, List<Owner>> owners = new HashMap<>();
  private final Map<String, Long> versions = new HashMap<>();

  /** Acquires a host id and returns its generation. */
  public synchronized long join(int hostId) {
    Host before = hosts.get(hostId);
    long generation = before == null ? 1 : before.generation() + 1;
    hosts.put(hostId, new Host(generation, null, null));
    return generation;
  }

  /** The host id is not renewed any more. */
  public synchronized void fail(int hostId, Instant deadAt) {
    hosts.put(hostId, new Host(host(hostId).generation(), PeerState.FAILING, deadAt));
  }

  /** The host id was not renewed for so long that its leases may be taken over. */
  public synchronized void die(int hostId) {
    hosts.put(hostId, new Host(host(hostId).generation(), PeerState.DEAD, null));
  }

  /** The host id is given back, and with it all leases. */
  public synchronized void leave(int hostId) {
    hosts.put(hostId, new Host(host(hostId).generation(), PeerState.FREE, null));
    owners.values().forEach(list -> list.removeIf(owner -> owner.hostId() == hostId));
  }

  /** What another host sees. */
  public synchronized List<Peer> peersOf(int hostId) {
    List<Peer> peers = new ArrayList<>();
    hosts.forEach(
        (id, host) -> {
          PeerState state = host.state();
          if (id != hostId && state != null) {
            Instant deadAt = host.deadAt();
            peers.add(
                new Peer(id, host.generation(), state, deadAt == null ? null : deadAt.toString()));
          }
        });
    return peers;
  }

  /** Acquires a lease and returns its version, or null if somebody has it who is not dead. */
  synchronized @Nullable Long acquire(
      String lease, int hostId, long generation, String machine, boolean shared) {
    List<Owner> list = owners.computeIfAbsent(lease, key -> new ArrayList<>());
    list.removeIf(owner -> !isAlive(owner));
    Owner wanted = new Owner(hostId, generation, machine, shared);
    if (list.contains(wanted)) {
      return versions.get(lease);
    }
    if (!list.isEmpty() && !(shared && list.stream().allMatch(Owner::shared))) {
      return null;
    }
    list.add(wanted);
    return versions.merge(lease, 1L, Long::sum);
  }

  synchronized void release(int hostId, String machine) {
    owners
        .values()
        .forEach(
            list ->
                list.removeIf(
                    owner -> owner.hostId() == hostId && owner.machine().equals(machine)));
  }

  private boolean isAlive(Owner owner) {
    Host host = hosts.get(owner.hostId());
    return host != null
        && host.generation() == owner.generation()
        && host.state() != PeerState.DEAD;
  }

  private Host host(int hostId) {
    Host host = hosts.get(hostId);
    if (host == null) {
      throw new IllegalStateException("nobody ever had host id " + hostId);
    }
    return host;
  }
}
