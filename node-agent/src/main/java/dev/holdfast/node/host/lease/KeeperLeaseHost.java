package dev.holdfast.node.host.lease;

import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperException;
import dev.holdfast.keeper.protocol.Event;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseHolder;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import dev.holdfast.keeper.protocol.lease.MachineLeases;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.host.keeper.KeeperLink;
import dev.holdfast.node.plan.Action.LeaseOfDisk;
import dev.holdfast.node.plan.HostLeases;
import dev.holdfast.node.plan.HostLeases.Held;
import dev.holdfast.node.plan.HostLeases.LockspaceDefinition;
import java.io.IOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The leases that this host's keeper holds. What it said is kept and changed along with our own
 * requests and its events, so that a thousand machines do not ask it for everything each.
 */
public final class KeeperLeaseHost implements LeaseHost {
  private final KeeperLink keeper;
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private @Nullable Map<String, List<Held>> held;
  private @Nullable Map<String, HostLeases.Lockspace> lockspaces;

  /** Grows when what is known is given up; an answer that was asked for before is then too old. */
  private long forgotten;

  /**
   * @param keeper stays the caller's to close
   */
  public KeeperLeaseHost(KeeperLink keeper) {
    this.keeper = keeper;
    keeper.listen(new Events());
  }

  @Override
  public void listen(Listener listener) {
    listeners.add(listener);
  }

  @Override
  public synchronized void refresh() {
    held = null;
    lockspaces = null;
    forgotten++;
  }

  @Override
  public HostLeases leases() throws HostException {
    KeeperClient client = keeper.client();
    return new HostLeases(held(client), lockspaces(client));
  }

  private Map<String, List<Held>> held(KeeperClient client) throws HostException {
    long before;
    synchronized (this) {
      if (held != null) {
        return Map.copyOf(held);
      }
      before = forgotten;
    }
    Map<String, List<Held>> read = new HashMap<>();
    for (MachineLeases machine : list(client::listLeases)) {
      if (!machine.held().isEmpty()) {
        read.put(machine.machineId().toString(), fromKeeper(machine.held()));
      }
    }
    synchronized (this) {
      if (held == null && forgotten == before) {
        held = read;
      }
    }
    return Map.copyOf(read);
  }

  private Map<String, HostLeases.Lockspace> lockspaces(KeeperClient client) throws HostException {
    long before;
    synchronized (this) {
      if (lockspaces != null) {
        return Map.copyOf(lockspaces);
      }
      before = forgotten;
    }
    Map<String, HostLeases.Lockspace> read = new HashMap<>();
    for (LockspaceState state : list(client::listLockspaces)) {
      read.put(state.lockspace().name(), LeaseMessages.fromKeeper(state));
    }
    synchronized (this) {
      if (lockspaces == null && forgotten == before) {
        lockspaces = read;
      }
    }
    return Map.copyOf(read);
  }

  @Override
  public List<Renewals> renewals() throws HostException {
    return list(keeper.client()::listLockspaces).stream().map(LeaseMessages::renewals).toList();
  }

  private static List<Held> fromKeeper(List<HeldLease> leases) {
    return leases.stream().map(LeaseMessages::fromKeeper).toList();
  }

  @Override
  public void formatLockspace(LockspaceDefinition lockspace) throws HostException {
    KeeperClient client = keeper.client();
    ask(done(() -> client.formatLockspace(LeaseMessages.toKeeper(lockspace))));
  }

  @Override
  public void joinLockspace(LockspaceDefinition lockspace) throws HostException {
    KeeperClient client = keeper.client();
    LockspaceState joined = ask(() -> client.joinLockspace(LeaseMessages.toKeeper(lockspace)));
    remember(joined, true);
  }

  @Override
  public void leaveLockspace(String name) throws HostException {
    KeeperClient client = keeper.client();
    try {
      ask(done(() -> client.leaveLockspace(name)));
    } finally {
      synchronized (this) {
        lockspaces = null;
        forgotten++;
      }
    }
  }

  @Override
  public void formatLease(VirtualDiskInstanceSpec.Lease lease) throws HostException {
    KeeperClient client = keeper.client();
    ask(done(() -> client.formatLease(LeaseMessages.toKeeper(lease))));
  }

  @Override
  public void acquire(String uuid, List<LeaseOfDisk> leases) throws HostException {
    KeeperClient client = keeper.client();
    List<Lease> wanted =
        leases.stream().map(each -> LeaseMessages.toKeeper(each.lease(), each.version())).toList();
    long before = forgottenSoFar();
    try {
      remember(uuid, client.acquireLeases(UUID.fromString(uuid), wanted), before);
    } catch (KeeperException refused) {
      throw refusal(refused, leases);
    } catch (IOException failed) {
      refresh();
      throw KeeperLink.unreachable(failed);
    }
  }

  @Override
  public void release(String uuid, boolean paused) throws HostException {
    KeeperClient client = keeper.client();
    long before = forgottenSoFar();
    List<HeldLease> ignored = ask(() -> client.releaseLeases(UUID.fromString(uuid), paused));
    remember(uuid, List.of(), before);
  }

  private synchronized long forgottenSoFar() {
    return forgotten;
  }

  private synchronized void remember(String uuid, List<HeldLease> leases, long asked) {
    if (asked != forgotten || held == null) {
      // Whoever is reading just now may have asked before.
      held = null;
      forgotten++;
    } else if (leases.isEmpty()) {
      held.remove(uuid);
    } else {
      held.put(uuid, fromKeeper(leases));
    }
  }

  /**
   * @param onlyNew whether an event that came meanwhile knows better
   */
  private synchronized void remember(LockspaceState state, boolean onlyNew) {
    if (lockspaces == null) {
      forgotten++; // whoever is reading just now may have asked before
      return;
    }
    HostLeases.Lockspace news = LeaseMessages.fromKeeper(state);
    if (onlyNew) {
      lockspaces.putIfAbsent(state.lockspace().name(), news);
    } else {
      lockspaces.put(state.lockspace().name(), news);
    }
  }

  private interface Question<T> {
    T ask() throws IOException;
  }

  private interface Errand {
    void run() throws IOException;
  }

  private static Question<Boolean> done(Errand errand) {
    return () -> {
      errand.run();
      return true;
    };
  }

  /** An older keeper, which lets this agent manage machines without leases, holds none. */
  private static <T> List<T> list(Question<List<T>> question) throws HostException {
    try {
      return question.ask();
    } catch (KeeperException refused) {
      if (refused.code() == FailureCode.UNKNOWN_REQUEST) {
        return List.of();
      }
      throw refusal(refused, List.of());
    } catch (IOException failed) {
      throw KeeperLink.unreachable(failed);
    }
  }

  private static <T> T ask(Question<T> question) throws HostException {
    try {
      return question.ask();
    } catch (KeeperException refused) {
      throw refusal(refused, List.of());
    } catch (IOException failed) {
      throw KeeperLink.unreachable(failed);
    }
  }

  private static HostException refusal(KeeperException refused, List<LeaseOfDisk> wanted) {
    String message = String.valueOf(refused.getMessage());
    return switch (refused.code()) {
      case LEASE_HELD -> new HostException(DISK_HELD, heldBy(refused, wanted), refused);
      case LEASE_VERSION_MISMATCH -> new HostException(VERSION_MISMATCH, message, refused);
      case LOCKSPACE_NOT_READY -> new HostException(LOCKSPACE_NOT_READY, message, refused);
      case LEASE_UNKNOWN -> new HostException(LEASE_UNKNOWN, message, refused);
      case LEASE_STORAGE -> new HostException(LEASE_STORAGE_FAILED, message, refused);
      case FENCING_UNAVAILABLE -> new HostException(FENCING_UNAVAILABLE, message, refused);
      case LEASE_IN_USE -> new HostException("LockspaceInUse", message, refused);
      case LOCKSPACE_MISMATCH -> new HostException("LockspaceMismatch", message, refused);
      case STILL_RUNNING -> new HostException("StillRunning", message, refused);
      case UNKNOWN_REQUEST ->
          new HostException(
              "KeeperTooOld",
              "this host's keeper knows nothing of leases; upgrade it: " + message,
              refused);
      case MALFORMED,
          HELLO_REQUIRED,
          UNSUPPORTED_VERSION,
          ALREADY_RUNNING,
          NO_SUCH_PROCESS,
          LAUNCH_FAILED,
          ADOPTION_REFUSED,
          INTERNAL ->
          new HostException("KeeperRefused", "the keeper refused: " + message, refused);
    };
  }

  /** Who has the lease, in words that stay the same as long as that does. */
  private static String heldBy(KeeperException refused, List<LeaseOfDisk> wanted) {
    LeaseHolder holder = refused.holder().orElse(null);
    if (holder == null) {
      return String.valueOf(refused.getMessage());
    }
    var place = LeaseMessages.fromKeeper(holder.lease());
    String disk =
        wanted.stream()
            .filter(each -> each.lease().path().equals(place.path()))
            .filter(each -> java.util.Objects.equals(each.lease().offset(), place.offset()))
            .map(LeaseOfDisk::disk)
            .findFirst()
            .orElse("?");
    if (holder.machineId() != null) {
      return "the lease of disk %s is held by machine %s of this node"
          .formatted(disk, holder.machineId());
    }
    if (place.backend() == LeaseBackend.OFD) {
      return "the lease of disk %s is held by another machine: its lock file %s is locked"
          .formatted(disk, place.path());
    }
    Instant takeover = holder.earliestTakeover();
    return "the lease of disk %s is held by host %s (host id %s, generation %s, lease version %s); %s"
        .formatted(
            disk,
            known(holder.hostName()),
            known(holder.hostId()),
            known(holder.generation()),
            known(holder.version()),
            takeover == null
                ? "it must let go of it first"
                : "unless that host is heard of before, it can be taken over at "
                    + takeover.truncatedTo(ChronoUnit.SECONDS));
  }

  private static String known(@Nullable Object fact) {
    return fact == null ? "unknown" : fact.toString();
  }

  private void tell(Consumer<Listener> event) {
    listeners.forEach(event);
  }

  private final class Events implements KeeperLink.Listener {
    @Override
    public void lockspaceChanged(LockspaceState state) {
      remember(state, false);
      tell(listener -> listener.lockspaceChanged(state.lockspace().name()));
    }

    @Override
    public void leasesLost(Event.LeasesLost lost) {
      refresh();
      tell(listener -> listener.leasesLost(lost.machineId().toString(), lost.reason()));
    }

    @Override
    public void disconnected() {
      refresh();
    }

    @Override
    public void reconnected() {
      refresh();
      tell(Listener::reconnected);
    }
  }
}
