package dev.holdfast.node.host;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.host.SimulatedStorage.Holder;
import dev.holdfast.node.plan.Action.LeaseOfDisk;
import dev.holdfast.node.plan.HostLeases;
import dev.holdfast.node.plan.HostLeases.Held;
import dev.holdfast.node.plan.HostLeases.Lockspace;
import dev.holdfast.node.plan.HostLeases.LockspaceDefinition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A keeper's leases in memory, on a storage that other hosts use too. Throws an {@link
 * AssertionError} when leases are given back by a machine that may still write.
 */
public final class SimulatedLeases implements LeaseHost {
  /** What the leases need to know of the machines of their host. */
  public interface Machines {
    boolean isRunning(String uuid);

    /** Whether its virtual CPUs stand still. */
    boolean standsStill(String uuid);

    void kill(String uuid);
  }

  private final String host;
  private final SimulatedStorage storage;
  private final Machines machines;
  private final Map<String, List<Held>> held = new TreeMap<>();
  private final Map<String, Lockspace> lockspaces = new TreeMap<>();
  private final List<Listener> listeners = new ArrayList<>();

  public SimulatedLeases(String host, SimulatedStorage storage, Machines machines) {
    this.host = host;
    this.storage = storage;
    this.machines = machines;
  }

  @Override
  public synchronized HostLeases leases() {
    return new HostLeases(held, lockspaces);
  }

  @Override
  public List<Renewals> renewals() {
    return List.of();
  }

  @Override
  public void refresh() {}

  @Override
  public synchronized void listen(Listener listener) {
    listeners.add(listener);
  }

  private void tell(Consumer<Listener> event) {
    listeners.forEach(event);
  }

  /** Every lockspace that is being joined, or had failed, becomes live. */
  public synchronized void letLockspacesLive() {
    List.copyOf(lockspaces.values()).forEach(l -> setPhase(l, LockspacePhase.LIVE));
  }

  private void setPhase(Lockspace lockspace, LockspacePhase phase) {
    if (lockspace.phase() == phase) {
      return;
    }
    String name = lockspace.definition().name();
    lockspaces.put(
        name, new Lockspace(lockspace.definition(), phase, 1L, null, 2, lockspace.peers()));
    tell(listener -> listener.lockspaceChanged(name));
  }

  /** Renewals have been late for a while. */
  public synchronized void beLate() {
    List.copyOf(lockspaces.values()).stream()
        .filter(Lockspace::isLive)
        .forEach(lockspace -> setPhase(lockspace, LockspacePhase.LATE));
  }

  /** The storage is gone: machines with leases in lockspaces are killed, then lose them. */
  public synchronized void loseStorage() {
    List.copyOf(lockspaces.values()).forEach(l -> setPhase(l, LockspacePhase.FAILED));
    for (String uuid : List.copyOf(held.keySet())) {
      if (leases().of(uuid).stream().anyMatch(SimulatedLeases::isSanlock)) {
        machines.kill(uuid);
        letGo(uuid);
        tell(listener -> listener.leasesLost(uuid, "no renewal for 8 s"));
      }
    }
  }

  /** A new keeper: it holds nothing, and what was tied to the last one has ended. */
  public synchronized void restartKeeper() {
    for (String uuid : List.copyOf(held.keySet())) {
      if (leases().of(uuid).stream().anyMatch(SimulatedLeases::isSanlock)) {
        machines.kill(uuid);
      }
      // A living QEMU keeps its own locks.
      if (machines.isRunning(uuid)) {
        held.remove(uuid);
      } else {
        letGo(uuid);
      }
    }
    lockspaces.clear();
    tell(Listener::reconnected);
  }

  /** The kernel takes away what only a process held that has ended. */
  synchronized void ended(String uuid) {
    if (!held.containsKey(uuid)) {
      storage.letGoOfAll(new Holder(host, uuid));
    }
  }

  /** The keeper no longer says what it holds, though the storage still does. */
  public synchronized void forget() {
    held.keySet().removeIf(machines::isRunning);
  }

  private void letGo(String uuid) {
    List<Held> leases = held.remove(uuid);
    if (leases != null) {
      leases.forEach(each -> storage.letGo(each.lease(), new Holder(host, uuid)));
    }
  }

  private static boolean isSanlock(Held each) {
    return each.lease().backend() == LeaseBackend.SANLOCK;
  }

  /** Whether the machine may write to the disk: it holds its lease, or there is none. */
  synchronized boolean mayWrite(String uuid, Disk disk) {
    Lease lease = disk.lease();
    return lease == null || leases().holds(uuid, lease);
  }

  @Override
  public synchronized void formatLockspace(LockspaceDefinition lockspace) {
    storage.formatLockspace(lockspace.name());
  }

  @Override
  public synchronized void joinLockspace(LockspaceDefinition lockspace) throws HostException {
    if (!storage.isFormatted(lockspace.name())) {
      throw new HostException(LEASE_STORAGE_FAILED, "no lockspace is at " + lockspace.path());
    }
    Lockspace joined = lockspaces.get(lockspace.name());
    if (joined != null && !joined.definition().equals(lockspace)) {
      throw new HostException("LockspaceMismatch", lockspace.name() + " is joined otherwise");
    }
    lockspaces.putIfAbsent(
        lockspace.name(),
        new Lockspace(lockspace, LockspacePhase.JOINING, null, null, 2, List.of()));
  }

  @Override
  public synchronized void leaveLockspace(String name) throws HostException {
    if (held.values().stream()
        .flatMap(List::stream)
        .anyMatch(each -> name.equals(each.lease().lockspace()))) {
      throw new HostException("LockspaceInUse", name + " is in use");
    }
    lockspaces.remove(name);
  }

  @Override
  public synchronized void formatLease(VirtualDiskInstanceSpec.Lease lease) throws HostException {
    if (!lockspaces.containsKey(String.valueOf(lease.lockspace()))) {
      throw new HostException(LOCKSPACE_NOT_READY, lease.lockspace() + " is not joined");
    }
    storage.format(lease.path(), lease.offset());
  }

  @Override
  public synchronized void acquire(String uuid, List<LeaseOfDisk> wanted) throws HostException {
    Holder us = new Holder(host, uuid);
    Map<Lease, @Nullable Long> missing = new HashMap<>();
    for (LeaseOfDisk each : wanted) {
      if (!leases().holds(uuid, each.lease())) {
        requireFree(each, us);
        missing.put(each.lease(), each.version());
      }
    }
    if (missing.isEmpty()) {
      return;
    }
    if (!machines.standsStill(uuid)
        && missing.keySet().stream().anyMatch(l -> l.backend() == LeaseBackend.SANLOCK)) {
      throw new AssertionError("the plan lets a machine run while it has no leases: " + uuid);
    }
    List<Held> all = new ArrayList<>(leases().of(uuid));
    missing
        .keySet()
        .forEach(
            lease -> {
              long version = storage.take(lease, us);
              boolean sanlock = lease.backend() == LeaseBackend.SANLOCK;
              all.add(
                  new Held(
                      lease,
                      sanlock ? 1 : null,
                      sanlock ? 1L : null,
                      sanlock ? version : null,
                      Instant.EPOCH));
            });
    held.put(uuid, List.copyOf(all));
  }

  private void requireFree(LeaseOfDisk wanted, Holder us) throws HostException {
    Lease lease = wanted.lease();
    if (lease.backend() == LeaseBackend.SANLOCK) {
      Lockspace lockspace = lockspaces.get(String.valueOf(lease.lockspace()));
      if (lockspace == null || !lockspace.isLive()) {
        throw new HostException(LOCKSPACE_NOT_READY, lease.lockspace() + " is not live");
      }
      if (!storage.isFormatted(lease)) {
        throw new HostException(LEASE_STORAGE_FAILED, "no lease is at " + lease.path());
      }
    }
    Holder other = storage.obstacle(lease, us).orElse(null);
    if (other != null) {
      throw new HostException(
          DISK_HELD, "the lease of disk %s is held by %s".formatted(wanted.disk(), other.host()));
    }
    Long version = wanted.version();
    if (version != null && version != storage.version(lease)) {
      throw new HostException(
          VERSION_MISMATCH, "the lease of disk %s has another version".formatted(wanted.disk()));
    }
  }

  @Override
  public synchronized void release(String uuid, boolean paused) {
    boolean exclusive =
        leases().of(uuid).stream()
            .allMatch(each -> isSanlock(each) && each.lease().mode() == LeaseMode.EXCLUSIVE);
    if (machines.isRunning(uuid) && !(paused && exclusive && machines.standsStill(uuid))) {
      throw new AssertionError("the plan gives back leases that are in use: " + uuid);
    }
    letGo(uuid);
  }
}
