package dev.holdfast.node.agent;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.HeldLease;
import dev.holdfast.node.agent.status.Cause;
import dev.holdfast.node.agent.status.LeaseStatus;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.plan.Desired.LeaseHistory;
import dev.holdfast.node.plan.Desired.LeaseRefusal;
import dev.holdfast.node.plan.HostLeases;
import dev.holdfast.node.plan.HostLeases.Held;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What became of the leases of machines: which versions they had, who refused them, which were
 * lost. What must outlive the agent of it is in the machines' statuses too.
 */
final class LeaseMemory {
  /** A disk may become free at any moment, and somebody waits for it. */
  static final Duration LONGEST_WAIT = Duration.ofSeconds(5);

  private final Backoff<String> waiting;
  private final Map<String, LeaseRefusal> refusals = new ConcurrentHashMap<>();
  private final Map<String, Map<String, Long>> versions = new ConcurrentHashMap<>();
  private final Map<String, String> losses = new ConcurrentHashMap<>();

  LeaseMemory(RandomGenerator random) {
    waiting = new Backoff<>(LONGEST_WAIT, random);
  }

  static boolean isRefusal(HostException failure) {
    return LeaseHost.REFUSALS.contains(failure.reason());
  }

  /** Notes what a machine holds now. */
  void observed(VirtualMachineInstanceSpec spec, HostLeases leases) {
    String uuid = spec.uuid();
    boolean all = true;
    Map<String, Long> seen = new HashMap<>();
    for (Disk disk : spec.disksOrEmpty()) {
      Lease lease = disk.lease();
      if (lease == null) {
        continue;
      }
      Held held = leases.find(uuid, lease).orElse(null);
      all &= held != null;
      Long version = held == null ? null : held.version();
      if (version != null) {
        seen.put(disk.name(), version);
      }
    }
    if (!seen.isEmpty()) {
      versions.put(uuid, Map.copyOf(seen));
    }
    if (all) {
      waiting.forget(uuid);
      refusals.remove(uuid);
    }
  }

  /** Notes that leases were refused. */
  void refused(String uuid, Instant now, HostException refusal) {
    Instant ignored = waiting.failed(uuid, now, Cause.of(refusal));
    boolean forGood = refusal.reason().equals(LeaseHost.VERSION_MISMATCH);
    if (forGood || refusal.reason().equals(LeaseHost.DISK_HELD)) {
      refusals.put(uuid, new LeaseRefusal(forGood, refusal.reason(), "" + refusal.getMessage()));
    }
  }

  /** When leases may be asked for again, or null for at once. */
  @Nullable Instant notBefore(String uuid) {
    return waiting.notBefore(uuid);
  }

  /** Why leases were refused last, or null when they were not. */
  @Nullable Cause cause(String uuid) {
    return waiting.cause(uuid);
  }

  /** Has the machine's leases asked for again without waiting: something has changed. */
  void askAgain(String uuid) {
    waiting.forget(uuid);
  }

  /** Notes that a machine was killed because of its leases. */
  void lost(String uuid, String reason) {
    losses.put(uuid, reason);
  }

  /** Why the machine was killed because of its leases; null when it was not, or it was told. */
  @Nullable String takeLoss(String uuid) {
    return losses.remove(uuid);
  }

  void forget(String uuid) {
    waiting.forget(uuid);
    refusals.remove(uuid);
    versions.remove(uuid);
    losses.remove(uuid);
  }

  /** What a planner has to know of the past. */
  LeaseHistory history(VirtualMachineInstance machine) {
    String uuid = machine.getSpec().uuid();
    VirtualMachineInstanceStatus status = machine.getStatus();
    Map<String, Long> known = versions.get(uuid);
    LeaseRefusal refusal = refusals.get(uuid);
    return new LeaseHistory(
        known != null ? known : versions(status), refusal != null ? refusal : refusal(status));
  }

  private static Map<String, Long> versions(@Nullable VirtualMachineInstanceStatus status) {
    Map<String, Long> known = new HashMap<>();
    if (status != null) {
      for (HeldLease lease : status.leasesOrEmpty()) {
        if (lease.version() != null) {
          known.put(lease.disk(), lease.version());
        }
      }
    }
    return known;
  }

  /** A mismatch stays one; the storage need not be asked again after each start of the agent. */
  private static @Nullable LeaseRefusal refusal(@Nullable VirtualMachineInstanceStatus status) {
    Condition held =
        status == null ? null : Condition.find(status.conditions(), LeaseStatus.LEASES_HELD);
    return held != null && Objects.equals(held.reason(), LeaseHost.VERSION_MISMATCH)
        ? new LeaseRefusal(true, held.reason(), String.valueOf(held.message()))
        : null;
  }
}
