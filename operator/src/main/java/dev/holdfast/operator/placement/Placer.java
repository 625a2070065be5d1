package dev.holdfast.operator.placement;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.machine.VirtualMachineSpec.AcceleratorChoice;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.operator.placement.Placement.Bound;
import dev.holdfast.operator.placement.Placement.Unschedulable;
import dev.holdfast.operator.placement.Rejection.AcceleratorUnusable;
import dev.holdfast.operator.placement.Rejection.CpuModelUnusable;
import dev.holdfast.operator.placement.Rejection.DiskElsewhere;
import dev.holdfast.operator.placement.Rejection.InMaintenance;
import dev.holdfast.operator.placement.Rejection.InsufficientCpu;
import dev.holdfast.operator.placement.Rejection.InsufficientMemory;
import dev.holdfast.operator.placement.Rejection.Lost;
import dev.holdfast.operator.placement.Rejection.MachineTypeUnknown;
import dev.holdfast.operator.placement.Rejection.NotDescribed;
import dev.holdfast.operator.placement.Rejection.NotInLockspace;
import dev.holdfast.operator.placement.Rejection.PoolUnusable;
import dev.holdfast.operator.placement.Rejection.SelectorMismatch;
import dev.holdfast.operator.placement.Rejection.Tainted;
import dev.holdfast.operator.placement.Rejection.WrongArchitecture;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Chooses a node: every node is first filtered, the first reason against it is kept, then scored.
 * The same request and snapshot always give the same node.
 */
public final class Placer {
  private static final String UNVERSIONED = "q35";

  private final Overcommit overcommit;

  public Placer(Overcommit overcommit) {
    this.overcommit = overcommit;
  }

  private sealed interface Judgement {
    record Fits(Bound bound) implements Judgement {}

    record Rejected(Rejection rejection) implements Judgement {}
  }

  public Placement place(PlacementRequest request, ClusterSnapshot cluster) {
    Bound best = null;
    Map<String, Rejection> rejections = new TreeMap<>();
    for (NodeSnapshot node : cluster.nodes()) {
      switch (judge(request, node)) {
        case Judgement.Fits(Bound bound) -> {
          if (best == null || isBetter(bound, best)) {
            best = bound;
          }
        }
        case Judgement.Rejected(Rejection rejection) -> rejections.put(node.name(), rejection);
      }
    }
    return best != null ? best : new Unschedulable(rejections);
  }

  private static boolean isBetter(Bound bound, Bound best) {
    int byScore = Double.compare(bound.score(), best.score());
    return byScore > 0 || (byScore == 0 && bound.node().compareTo(best.node()) < 0);
  }

  private Judgement judge(PlacementRequest request, NodeSnapshot node) {
    HypervisorNodeStatus status = node.status();
    if (!node.healthy()) {
      return rejected(new Lost());
    }
    if (status == null) {
      return rejected(new NotDescribed());
    }
    Rejection rejection = whyNotAtAll(request, node, status);
    if (rejection == null) {
      rejection = whyNoRoom(request, node, status);
    }
    if (rejection != null) {
      return rejected(rejection);
    }
    AcceleratorStatus accelerator = accelerator(request.accelerator(), status);
    if (accelerator == null) {
      return rejected(new AcceleratorUnusable(name(request.accelerator())));
    }
    String machineType = machineType(request.machineType(), status);
    if (machineType == null) {
      return rejected(new MachineTypeUnknown(request.machineType()));
    }
    String cpuModel = cpuModel(request.cpuModel(), accelerator);
    if (cpuModel == null) {
      return rejected(
          new CpuModelUnusable(request.cpuModel() == null ? "default" : request.cpuModel()));
    }
    return new Judgement.Fits(bound(request, node, status, accelerator, machineType, cpuModel));
  }

  private static Judgement rejected(Rejection rejection) {
    return new Judgement.Rejected(rejection);
  }

  private static @Nullable Rejection whyNotAtAll(
      PlacementRequest request, NodeSnapshot node, HypervisorNodeStatus status) {
    if (node.maintenance()) {
      return new InMaintenance();
    }
    if (!node.taints().isEmpty()) {
      return new Tainted(node.taints().getFirst().key());
    }
    if (status.architecture() != request.architecture()) {
      return new WrongArchitecture(name(request.architecture()));
    }
    if (!node.labels().entrySet().containsAll(request.nodeSelector().entrySet())) {
      return new SelectorMismatch();
    }
    for (Map.Entry<String, String> disk : new TreeMap<>(request.diskNodes()).entrySet()) {
      if (!disk.getValue().equals(node.name())) {
        return new DiskElsewhere(disk.getKey(), disk.getValue());
      }
    }
    for (String pool : request.pools().stream().sorted().toList()) {
      if (!canUse(status, pool)) {
        return new PoolUnusable(pool);
      }
    }
    for (String pool : request.lockspaces().stream().sorted().toList()) {
      if (!isLive(status, pool)) {
        return new NotInLockspace(pool);
      }
    }
    return null;
  }

  /** Whether the node says that it can use the pool. */
  public static boolean canUse(HypervisorNodeStatus status, String pool) {
    return status.pools() != null
        && status.pools().stream().anyMatch(p -> p.name().equals(pool) && p.usable());
  }

  /** Whether the node says that it can hold leases of the pool. */
  public static boolean isLive(HypervisorNodeStatus status, String pool) {
    return status.pools() != null
        && status.pools().stream()
            .filter(view -> view.name().equals(pool))
            .map(PoolStatus::lockspace)
            .anyMatch(view -> view != null && view.phase() == LockspacePhase.LIVE);
  }

  private @Nullable Rejection whyNoRoom(
      PlacementRequest request, NodeSnapshot node, HypervisorNodeStatus status) {
    long freeCpus = cpus(status) - node.usedCpus();
    if (request.cpus() > freeCpus) {
      return new InsufficientCpu(request.cpus(), Math.max(0, freeCpus));
    }
    long freeMemory = memory(status) - node.usedMemoryBytes();
    if (request.memoryBytes() > freeMemory) {
      return new InsufficientMemory(request.memoryBytes(), Math.max(0, freeMemory));
    }
    return null;
  }

  private static @Nullable AcceleratorStatus accelerator(
      AcceleratorChoice choice, HypervisorNodeStatus status) {
    return switch (choice) {
      case KVM -> usable(Accelerator.KVM, status);
      case TCG -> usable(Accelerator.TCG, status);
      case AUTO -> {
        AcceleratorStatus kvm = usable(Accelerator.KVM, status);
        yield kvm != null ? kvm : usable(Accelerator.TCG, status);
      }
    };
  }

  private static @Nullable AcceleratorStatus usable(
      Accelerator accelerator, HypervisorNodeStatus status) {
    if (status.accelerators() == null) {
      return null;
    }
    return status.accelerators().stream()
        .filter(offered -> offered.name() == accelerator && offered.usable())
        .findFirst()
        .orElse(null);
  }

  private static @Nullable String machineType(String wanted, HypervisorNodeStatus status) {
    List<String> offered = status.machineTypes() == null ? List.of() : status.machineTypes();
    return offered.stream()
        .filter(
            type ->
                wanted.equals(UNVERSIONED)
                    ? type.startsWith("pc-" + UNVERSIONED + "-")
                    : type.equals(wanted))
        .findFirst()
        .orElse(null);
  }

  private static @Nullable String cpuModel(@Nullable String wanted, AcceleratorStatus accelerator) {
    if (wanted == null) {
      return accelerator.defaultCpuModel();
    }
    return accelerator.cpuModels() != null && accelerator.cpuModels().contains(wanted)
        ? wanted
        : null;
  }

  private Bound bound(
      PlacementRequest request,
      NodeSnapshot node,
      HypervisorNodeStatus status,
      AcceleratorStatus accelerator,
      String machineType,
      String cpuModel) {
    double memoryLeft =
        share(memory(status) - node.usedMemoryBytes() - request.memoryBytes(), memory(status));
    double cpusLeft = share(cpus(status) - node.usedCpus() - request.cpus(), cpus(status));
    // A node with KVM is worth more than any room on one without: emulation is tens of times
    // slower.
    double score =
        50 * memoryLeft + 50 * cpusLeft + (accelerator.name() == Accelerator.KVM ? 100 : 0);
    String reason =
        "%.0f %% of its memory and %.0f %% of its CPUs stay free, accelerator %s"
            .formatted(
                100 * memoryLeft,
                100 * cpusLeft,
                accelerator.name().name().toLowerCase(Locale.ROOT));
    return new Bound(node.name(), accelerator.name(), machineType, cpuModel, score, reason);
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  private long cpus(HypervisorNodeStatus status) {
    return overcommit.cpusOf(status.cpus() == null ? 0 : status.cpus());
  }

  private long memory(HypervisorNodeStatus status) {
    return overcommit.memoryOf(status.memoryBytes() == null ? 0 : status.memoryBytes());
  }

  private static String name(AcceleratorChoice choice) {
    return switch (choice) {
      case AUTO -> "any accelerator";
      case KVM -> "kvm";
      case TCG -> "tcg";
    };
  }

  private static String name(Architecture architecture) {
    return switch (architecture) {
      case X86_64 -> "x86_64";
      case AARCH64 -> "aarch64";
    };
  }
}
