package dev.holdfast.operator.machine;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineSpec;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What of a machine's spec differs from its running instance, as paths of the spec. What the user
 * leaves to Holdfast (a machine type without version, accelerator auto) does not differ from
 * whatever was chosen.
 */
final class PendingChanges {
  private final Freezer freezer;

  PendingChanges(Freezer freezer) {
    this.freezer = freezer;
  }

  /**
   * Compares the spec with what was frozen from an earlier one.
   *
   * @param node the node of the instance, or null if it is not there any more
   * @param readOnlyDisks disks of the machine that nobody may write to, whatever it says
   * @param kernelBoot the kernel that the spec names now, resolved
   * @return sorted
   */
  List<String> between(
      VirtualMachine machine,
      VirtualMachineInstanceSpec live,
      @Nullable HasMetadata node,
      @Nullable HypervisorNodeStatus nodeStatus,
      Set<String> readOnlyDisks,
      VirtualMachineInstanceSpec.@Nullable KernelBoot kernelBoot) {
    SortedSet<String> paths = new TreeSet<>();
    VirtualMachineSpec spec = machine.getSpec();
    addMachine(paths, spec, live, nodeStatus);
    addCpu(paths, spec.cpu(), live, nodeStatus);
    addKernelBoot(paths, spec, kernelBoot, live.kernelBoot());
    addDisks(paths, spec, live.disksOrEmpty(), readOnlyDisks);
    addInterfaces(paths, machine, live.interfacesOrEmpty());
    if (node != null && spec.nodeSelector() != null) {
      Map<String, String> labels = node.getMetadata().getLabels();
      addIf(
          paths,
          labels == null || !labels.entrySet().containsAll(spec.nodeSelector().entrySet()),
          "spec.nodeSelector");
    }
    return List.copyOf(paths);
  }

  private static void addMachine(
      SortedSet<String> paths,
      VirtualMachineSpec spec,
      VirtualMachineInstanceSpec live,
      @Nullable HypervisorNodeStatus node) {
    boolean versioned = spec.machine().startsWith("pc-");
    addIf(
        paths,
        versioned
            ? !live.machineType().equals(spec.machine())
            : !live.machineType().startsWith("pc-" + spec.machine() + "-"),
        "spec.machine");
    boolean otherAccelerator =
        switch (spec.accelerator()) {
          case AUTO -> false;
          case KVM -> live.accelerator() != Accelerator.KVM;
          case TCG -> live.accelerator() != Accelerator.TCG;
        };
    addIf(paths, otherAccelerator, "spec.accelerator");
    addIf(paths, live.memoryBytes() != Freezer.memoryBytes(spec), "spec.memory.guest");
    addIf(
        paths,
        node != null && node.architecture() != null && node.architecture() != spec.architecture(),
        "spec.architecture");
  }

  private static void addCpu(
      SortedSet<String> paths,
      VirtualMachineSpec.Cpu cpu,
      VirtualMachineInstanceSpec live,
      @Nullable HypervisorNodeStatus node) {
    addIf(paths, cpu.sockets() != live.cpu().sockets(), "spec.cpu.sockets");
    addIf(paths, cpu.cores() != live.cpu().cores(), "spec.cpu.cores");
    addIf(paths, cpu.threads() != live.cpu().threads(), "spec.cpu.threads");
    String model = cpu.model() != null ? cpu.model() : defaultModel(live.accelerator(), node);
    addIf(paths, model != null && !model.equals(live.cpu().model()), "spec.cpu.model");
  }

  private static @Nullable String defaultModel(
      Accelerator accelerator, @Nullable HypervisorNodeStatus node) {
    if (node == null || node.accelerators() == null) {
      return null;
    }
    for (HypervisorNodeStatus.AcceleratorStatus offered : node.accelerators()) {
      if (offered.name() == accelerator) {
        return offered.defaultCpuModel();
      }
    }
    return null;
  }

  private static void addKernelBoot(
      SortedSet<String> paths,
      VirtualMachineSpec spec,
      VirtualMachineInstanceSpec.@Nullable KernelBoot wanted,
      VirtualMachineInstanceSpec.@Nullable KernelBoot live) {
    String path = "spec.firmware.kernelBoot";
    boolean named = spec.firmware() != null && spec.firmware().kernelBoot() != null;
    if (!named || live == null) {
      addIf(paths, named != (live != null), path);
      return;
    }
    if (wanted == null) {
      // Its pool is gone; that the machine could not start now is told when it has to.
      addIf(paths, true, path + ".poolRef");
      return;
    }
    addIf(paths, !wanted.kernel().equals(live.kernel()), path + ".kernel");
    addIf(paths, !Objects.equals(wanted.initrd(), live.initrd()), path + ".initrd");
    addIf(paths, !Objects.equals(wanted.commandLine(), live.commandLine()), path + ".commandLine");
  }

  private static void addDisks(
      SortedSet<String> paths,
      VirtualMachineSpec spec,
      List<VirtualMachineInstanceSpec.Disk> live,
      Set<String> readOnlyDisks) {
    List<VirtualMachineSpec.Disk> wanted = spec.disks() == null ? List.of() : spec.disks();
    boolean sameNames =
        addMembership(
            paths,
            "spec.disks",
            names(wanted, VirtualMachineSpec.Disk::name),
            names(live, VirtualMachineInstanceSpec.Disk::name));
    Map<String, VirtualMachineInstanceSpec.Disk> liveByName =
        live.stream()
            .collect(Collectors.toMap(VirtualMachineInstanceSpec.Disk::name, Function.identity()));
    for (int index = 0; index < wanted.size(); index++) {
      VirtualMachineSpec.Disk disk = wanted.get(index);
      VirtualMachineInstanceSpec.Disk now = liveByName.get(disk.name());
      if (now == null) {
        continue;
      }
      String path = "spec.disks[name=" + disk.name() + "]";
      addIf(paths, !disk.diskRef().equals(now.diskRef()), path + ".diskRef");
      boolean readOnly = Freezer.readOnly(disk) || readOnlyDisks.contains(disk.diskRef());
      addIf(paths, readOnly != now.readOnly(), path + ".readOnly");
      addIf(paths, Freezer.cache(disk) != now.cache(), path + ".cache");
      // Where nobody gave an order, a disk more or less shifts what follows it: not a change.
      boolean compareOrder = sameNames || disk.bootOrder() != null;
      addIf(
          paths,
          compareOrder && !Objects.equals(Freezer.bootIndex(spec, index), now.bootIndex()),
          path + ".bootOrder");
    }
  }

  private void addInterfaces(
      SortedSet<String> paths,
      VirtualMachine machine,
      List<VirtualMachineInstanceSpec.Interface> live) {
    List<VirtualMachineSpec.Interface> wanted =
        machine.getSpec().interfaces() == null ? List.of() : machine.getSpec().interfaces();
    addMembership(
        paths,
        "spec.interfaces",
        names(wanted, VirtualMachineSpec.Interface::name),
        names(live, VirtualMachineInstanceSpec.Interface::name));
    for (VirtualMachineSpec.Interface next : wanted) {
      String path = "spec.interfaces[name=" + next.name() + "]";
      live.stream()
          .filter(now -> next.name().equals(now.name()))
          .forEach(
              now -> {
                addIf(paths, !next.networkRef().equals(now.network().name()), path + ".networkRef");
                addIf(paths, Freezer.model(next) != now.model(), path + ".model");
                addIf(
                    paths,
                    !freezer.macAddress(machine, next).equals(now.macAddress()),
                    path + ".macAddress");
              });
    }
  }

  // Adds what is only in one of both lists, or the list itself if only the order differs.
  private static boolean addMembership(
      SortedSet<String> paths, String list, List<String> wanted, List<String> live) {
    wanted.stream()
        .filter(name -> !live.contains(name))
        .forEach(name -> paths.add(list + "[name=" + name + "]"));
    live.stream()
        .filter(name -> !wanted.contains(name))
        .forEach(name -> paths.add(list + "[name=" + name + "]"));
    boolean sameNames = wanted.size() == live.size() && live.containsAll(wanted);
    addIf(paths, sameNames && !wanted.equals(live), list);
    return sameNames;
  }

  private static <T> List<String> names(List<T> items, Function<T, String> name) {
    return items.stream().map(name).toList();
  }

  private static void addIf(SortedSet<String> paths, boolean differs, String path) {
    if (differs) {
      paths.add(path);
    }
  }
}
