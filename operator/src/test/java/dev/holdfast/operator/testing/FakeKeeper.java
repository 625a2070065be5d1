package dev.holdfast.operator.testing;

import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.HeldLease;
import dev.holdfast.crds.node.HypervisorNodeStatus.Lockspace;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolStatus;
import dev.holdfast.operator.lease.Lockspaces;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A node's part in a {@link FakeStorage}. */
public final class FakeKeeper {
  private final FakeStorage storage;
  private final int fencingLevel;
  private int hostId;
  private long generation;

  public FakeKeeper(FakeStorage storage, int fencingLevel) {
    this.storage = storage;
    this.fencingLevel = fencingLevel;
  }

  /** The host id that the node has; 0 until the operator has given it one. */
  public synchronized int hostId() {
    return hostId;
  }

  /**
   * Loses the host id without giving it back, as a host that is reset; it joins again by itself.
   */
  public synchronized void restart() {
    generation = 0;
  }

  /** Joins if the operator has given the node an id, and tells how it is. */
  synchronized @Nullable Lockspace join(StoragePool pool, String node) {
    Optional<Integer> given = Lockspaces.hostId(pool, node);
    if (given.isEmpty()) {
      return null;
    }
    if (hostId != 0 && hostId != given.get()) {
      throw new IllegalStateException(
          "host id %d was replaced by %d".formatted(hostId, given.get()));
    }
    hostId = given.get();
    if (generation == 0) {
      generation = storage.join(hostId);
    }
    return new Lockspace(
        hostId, generation, LockspacePhase.LIVE, fencingLevel, null, storage.peersOf(hostId));
  }

  /** Acquires all sanlock leases of a machine, or none; then it returns null. */
  synchronized @Nullable List<HeldLease> acquire(
      VirtualMachineInstance instance, List<HeldLease> before) {
    List<HeldLease> held = new ArrayList<>();
    String machine = instance.getMetadata().getNamespace() + "/" + instance.getMetadata().getName();
    for (VirtualMachineInstanceSpec.Disk disk : instance.getSpec().disksOrEmpty()) {
      VirtualMachineInstanceSpec.Lease lease = disk.lease();
      if (lease == null || lease.resource() == null) {
        continue;
      }
      Long version =
          storage.acquire(
              lease.path() + ":" + lease.offset() + ":" + lease.resource(),
              hostId,
              generation,
              machine,
              lease.mode() == LeaseMode.SHARED);
      if (version == null) {
        storage.release(hostId, machine);
        return null;
      }
      held.add(
          before.stream()
              .filter(old -> old.disk().equals(disk.name()))
              .filter(old -> Objects.equals(old.generation(), generation))
              .findFirst()
              .orElseGet(
                  () ->
                      new HeldLease(
                          disk.name(),
                          hostId,
                          generation,
                          version,
                          Instant.now().truncatedTo(ChronoUnit.SECONDS).toString())));
    }
    return held;
  }

  synchronized void release(VirtualMachineInstance instance) {
    storage.release(
        hostId, instance.getMetadata().getNamespace() + "/" + instance.getMetadata().getName());
  }

  static boolean hasLockspace(@Nullable StoragePool pool) {
    StoragePoolStatus status = pool == null ? null : pool.getStatus();
    return status != null && status.lockspace() != null;
  }
}
