package dev.holdfast.operator.placement;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Why a node cannot take a machine. */
public sealed interface Rejection {
  /** The agent's heartbeat is too old. */
  record Lost() implements Rejection {}

  /** The agent has not described the node yet. */
  record NotDescribed() implements Rejection {}

  /** The administrator wants no machines on the node. */
  record InMaintenance() implements Rejection {}

  /** Something is wrong with the node. */
  record Tainted(String key) implements Rejection {}

  /** Guests of that instruction set do not run there. */
  record WrongArchitecture(String wanted) implements Rejection {}

  /** The labels are not the wanted ones. */
  record SelectorMismatch() implements Rejection {}

  /** A disk of the machine lies elsewhere. */
  record DiskElsewhere(String disk, String node) implements Rejection {}

  /** The node cannot use a pool. */
  record PoolUnusable(String pool) implements Rejection {}

  /** The node cannot hold leases of a pool now. */
  record NotInLockspace(String pool) implements Rejection {}

  /** No probe guest ran under the accelerator. */
  record AcceleratorUnusable(String accelerator) implements Rejection {}

  /** QEMU there does not know the machine type. */
  record MachineTypeUnknown(String machineType) implements Rejection {}

  /** The accelerator there cannot run the CPU model. */
  record CpuModelUnusable(String model) implements Rejection {}

  /** Too few CPUs are free. */
  record InsufficientCpu(long needed, long free) implements Rejection {}

  /** Too little memory is free, in bytes. */
  record InsufficientMemory(long needed, long free) implements Rejection {}

  /** One sentence about all nodes, the most frequent reason first. */
  static String summary(Collection<Rejection> rejections) {
    if (rejections.isEmpty()) {
      return "0/0 nodes are available: start a node agent, no HypervisorNode is there.";
    }
    Map<String, List<Rejection>> alike =
        rejections.stream()
            .collect(Collectors.groupingBy(Rejection::kind, TreeMap::new, Collectors.toList()));
    String details =
        alike.values().stream()
            .sorted(Comparator.comparing((List<Rejection> group) -> -group.size()))
            .map(Rejection::describe)
            .collect(Collectors.joining(", "));
    return "0/" + rejections.size() + " nodes are available: " + details + ".";
  }

  private static String describe(List<Rejection> alike) {
    int count = alike.size();
    String nodes = count == 1 ? "1 node" : count + " nodes";
    String are = count == 1 ? " is " : " are ";
    return switch (alike.getFirst()) {
      case Lost() -> nodes + are + "lost (no heartbeat from the agent)";
      case NotDescribed() -> nodes + (count == 1 ? " has" : " have") + " not reported yet";
      case InMaintenance() -> nodes + are + "in maintenance";
      case Tainted(String key) -> nodes + (count == 1 ? " has" : " have") + " the taint " + key;
      case WrongArchitecture(String wanted) -> nodes + are + "not " + wanted;
      case SelectorMismatch() -> nodes + " did not match the nodeSelector";
      case DiskElsewhere(String disk, String node) ->
          nodes + " cannot reach disk " + disk + " (it is on " + node + ")";
      case PoolUnusable(String pool) -> nodes + " cannot use pool " + pool;
      case NotInLockspace(String pool) -> nodes + are + "not live in the lockspace of pool " + pool;
      case AcceleratorUnusable(String accelerator) -> nodes + " cannot use " + accelerator;
      case MachineTypeUnknown(String type) -> nodes + " cannot run machine type " + type;
      case CpuModelUnusable(String model) -> nodes + " cannot run CPU model " + model;
      case InsufficientCpu first -> {
        long most = alike.stream().mapToLong(r -> ((InsufficientCpu) r).free()).max().orElse(0);
        yield "%d Insufficient cpu (needs %d, %d free)".formatted(count, first.needed(), most);
      }
      case InsufficientMemory first -> {
        long most = alike.stream().mapToLong(r -> ((InsufficientMemory) r).free()).max().orElse(0);
        yield "%d Insufficient memory (needs %s, %s free)"
            .formatted(count, bytes(first.needed()), bytes(most));
      }
    };
  }

  private static String kind(Rejection rejection) {
    return switch (rejection) {
      // What is free differs from node to node; the summary tells the most.
      case InsufficientCpu cpu -> "InsufficientCpu " + cpu.needed();
      case InsufficientMemory memory -> "InsufficientMemory " + memory.needed();
      case Lost lost -> lost.toString();
      case NotDescribed undescribed -> undescribed.toString();
      case InMaintenance maintenance -> maintenance.toString();
      case Tainted tainted -> tainted.toString();
      case WrongArchitecture architecture -> architecture.toString();
      case SelectorMismatch mismatch -> mismatch.toString();
      case DiskElsewhere elsewhere -> elsewhere.toString();
      case PoolUnusable pool -> pool.toString();
      case NotInLockspace lockspace -> lockspace.toString();
      case AcceleratorUnusable accelerator -> accelerator.toString();
      case MachineTypeUnknown type -> type.toString();
      case CpuModelUnusable model -> model.toString();
    };
  }

  private static String bytes(long bytes) {
    long gibibyte = 1L << 30;
    long mebibyte = 1L << 20;
    if (bytes >= gibibyte) {
      return BigDecimal.valueOf(bytes)
              .divide(BigDecimal.valueOf(gibibyte), 1, RoundingMode.DOWN)
              .stripTrailingZeros()
              .toPlainString()
          + "Gi";
    }
    return Math.max(0, bytes / mebibyte) + "Mi";
  }
}
