package dev.holdfast.operator.placement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.machine.VirtualMachineSpec.AcceleratorChoice;
import dev.holdfast.crds.node.HypervisorNodeSpec;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.Lockspace;
import dev.holdfast.crds.node.HypervisorNodeStatus.LockspacePhase;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.operator.placement.Placement.Bound;
import dev.holdfast.operator.placement.Placement.Unschedulable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class PlacerTest {
  private static final long GIBIBYTE = 1L << 30;
  private static final Placer PLACER = new Placer(new Overcommit(4.0, 1.0, 0));

  @Test
  void bindsWhatTheNodeDecides() {
    Placement placement = place(request(), node("a"));

    assertThat(placement)
        .isInstanceOfSatisfying(
            Bound.class,
            bound -> {
              assertThat(bound.node()).isEqualTo("a");
              assertThat(bound.machineType()).isEqualTo("pc-q35-7.2");
              assertThat(bound.accelerator()).isEqualTo(Accelerator.TCG);
              assertThat(bound.cpuModel()).isEqualTo("max");
            });
  }

  @Test
  void takesTheNodeWithMoreRoom() {
    assertThat(place(request(), used(node("a"), 4, 6 * GIBIBYTE), used(node("b"), 2, GIBIBYTE)))
        .isInstanceOfSatisfying(Bound.class, bound -> assertThat(bound.node()).isEqualTo("b"));
  }

  @Test
  void takesANodeWithKvmThoughItHasLessRoom() {
    NodeSnapshot kvm = used(withKvm(node("b")), 20, 6 * GIBIBYTE);

    assertThat(place(request(), node("a"), kvm))
        .isInstanceOfSatisfying(
            Bound.class,
            bound -> {
              assertThat(bound.node()).isEqualTo("b");
              assertThat(bound.cpuModel()).isEqualTo("host");
            });
  }

  @Test
  void choosesTheSameNodeInWhateverOrderTheNodesCome() {
    Random random = new Random(4711);
    List<NodeSnapshot> nodes = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      nodes.add(used(node("node-" + i), random.nextInt(3), random.nextInt(3) * GIBIBYTE));
    }
    Placement first = PLACER.place(request(), new ClusterSnapshot(nodes));
    for (int round = 0; round < 100; round++) {
      Collections.shuffle(nodes, random);
      assertThat(PLACER.place(request(), new ClusterSnapshot(nodes))).isEqualTo(first);
    }
  }

  @Test
  void explainsItselfLikeKubeScheduler() {
    PlacementRequest large =
        new PlacementRequest(
            Architecture.X86_64,
            Map.of(),
            AcceleratorChoice.AUTO,
            "q35",
            null,
            1,
            8 * GIBIBYTE,
            Set.of(),
            Set.of(),
            Map.of());

    assertThat(
            place(
                large,
                used(node("a"), 0, 5 * GIBIBYTE),
                used(node("b"), 0, 6 * GIBIBYTE),
                inMaintenance(node("c"))))
        .isInstanceOfSatisfying(
            Unschedulable.class,
            unschedulable ->
                assertThat(unschedulable.message())
                    .isEqualTo(
                        "0/3 nodes are available: 2 Insufficient memory (needs 8Gi, 3Gi free),"
                            + " 1 node is in maintenance."));
  }

  @Test
  void saysWhatToDoWithoutNodes() {
    assertThat(place(request()))
        .isInstanceOfSatisfying(
            Unschedulable.class,
            unschedulable -> assertThat(unschedulable.message()).contains("start a node agent"));
  }

  static Stream<Arguments> rejections() {
    NodeSnapshot node = node("a");
    return Stream.of(
        Arguments.of(
            "lost",
            request(),
            new NodeSnapshot("a", node.labels(), false, false, List.of(), node.status(), 0, 0),
            new Rejection.Lost()),
        Arguments.of(
            "silent",
            request(),
            new NodeSnapshot("a", Map.of(), true, false, List.of(), null, 0, 0),
            new Rejection.NotDescribed()),
        Arguments.of("maintenance", request(), inMaintenance(node), new Rejection.InMaintenance()),
        Arguments.of(
            "architecture",
            request(Architecture.AARCH64, AcceleratorChoice.AUTO, "q35", null, Map.of(), Map.of()),
            node,
            new Rejection.WrongArchitecture("aarch64")),
        Arguments.of(
            "selector",
            request(
                Architecture.X86_64,
                AcceleratorChoice.AUTO,
                "q35",
                null,
                Map.of("zone", "b"),
                Map.of()),
            node,
            new Rejection.SelectorMismatch()),
        Arguments.of(
            "disk",
            request(
                Architecture.X86_64,
                AcceleratorChoice.AUTO,
                "q35",
                null,
                Map.of(),
                Map.of("data", "b")),
            node,
            new Rejection.DiskElsewhere("data", "b")),
        Arguments.of(
            "accelerator",
            request(Architecture.X86_64, AcceleratorChoice.KVM, "q35", null, Map.of(), Map.of()),
            node,
            new Rejection.AcceleratorUnusable("kvm")),
        Arguments.of(
            "machine type",
            request(
                Architecture.X86_64,
                AcceleratorChoice.AUTO,
                "pc-q35-9.0",
                null,
                Map.of(),
                Map.of()),
            node,
            new Rejection.MachineTypeUnknown("pc-q35-9.0")),
        Arguments.of(
            "CPU model",
            request(Architecture.X86_64, AcceleratorChoice.AUTO, "q35", "host", Map.of(), Map.of()),
            node,
            new Rejection.CpuModelUnusable("host")),
        Arguments.of("CPUs", request(), used(node, 31, 0), new Rejection.InsufficientCpu(2, 1)),
        Arguments.of(
            "memory",
            request(),
            used(node, 0, 8 * GIBIBYTE - 1),
            new Rejection.InsufficientMemory(GIBIBYTE, 1)),
        Arguments.of(
            "pool",
            new PlacementRequest(
                Architecture.X86_64,
                Map.of(),
                AcceleratorChoice.AUTO,
                "q35",
                null,
                1,
                GIBIBYTE,
                Set.of("broken"),
                Set.of(),
                Map.of()),
            node,
            new Rejection.PoolUnusable("broken")));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("rejections")
  void rejectsANode(String what, PlacementRequest request, NodeSnapshot node, Rejection expected) {
    assertThat(place(request, node)).isEqualTo(new Unschedulable(Map.of("a", expected)));
  }

  @Test
  void anyTaintKeepsAMachineOff() {
    for (HypervisorNodeSpec.Effect effect : HypervisorNodeSpec.Effect.values()) {
      HypervisorNodeSpec.Taint taint = new HypervisorNodeSpec.Taint("broken-fan", null, effect);
      NodeSnapshot node = node("a");
      NodeSnapshot tainted =
          new NodeSnapshot("a", node.labels(), true, false, List.of(taint), node.status(), 0, 0);

      assertThat(place(request(), tainted))
          .isEqualTo(new Unschedulable(Map.of("a", new Rejection.Tainted("broken-fan"))));
      assertThat(((Unschedulable) place(request(), tainted)).message())
          .contains("1 node has the taint broken-fan");
    }
  }

  @ParameterizedTest
  @EnumSource
  void onlyANodeThatIsLiveInTheLockspaceGetsAMachineWithLeases(LockspacePhase phase) {
    PlacementRequest leased = leased();
    NodeSnapshot node = inLockspace(new Lockspace(1, 1L, phase, 2, null, null));

    if (phase == LockspacePhase.LIVE) {
      assertThat(place(leased, node)).isInstanceOf(Placement.Bound.class);
    } else {
      assertThat(place(leased, node))
          .isEqualTo(new Unschedulable(Map.of("a", new Rejection.NotInLockspace("pool"))));
    }
    assertThat(place(leased, inLockspace(null)))
        .isEqualTo(new Unschedulable(Map.of("a", new Rejection.NotInLockspace("pool"))));
    assertThat(place(request(), inLockspace(null))).isInstanceOf(Placement.Bound.class);
  }

  private static PlacementRequest leased() {
    PlacementRequest request = request();
    return new PlacementRequest(
        request.architecture(),
        request.nodeSelector(),
        request.accelerator(),
        request.machineType(),
        request.cpuModel(),
        request.cpus(),
        request.memoryBytes(),
        request.pools(),
        request.pools(),
        request.diskNodes());
  }

  private static NodeSnapshot inLockspace(@Nullable Lockspace lockspace) {
    NodeSnapshot node = node("a");
    HypervisorNodeStatus status = Objects.requireNonNull(node.status());
    return new NodeSnapshot(
        "a",
        node.labels(),
        true,
        false,
        List.of(),
        new HypervisorNodeStatus(
            1L,
            status.architecture(),
            status.cpus(),
            status.memoryBytes(),
            null,
            null,
            null,
            status.machineTypes(),
            status.accelerators(),
            List.of(new PoolStatus("pool", true, null, null, null, lockspace)),
            null),
        0,
        0);
  }

  private static Placement place(PlacementRequest request, NodeSnapshot... nodes) {
    return PLACER.place(request, new ClusterSnapshot(List.of(nodes)));
  }

  private static PlacementRequest request() {
    return request(Architecture.X86_64, AcceleratorChoice.AUTO, "q35", null, Map.of(), Map.of());
  }

  private static PlacementRequest request(
      Architecture architecture,
      AcceleratorChoice accelerator,
      String machineType,
      @Nullable String cpuModel,
      Map<String, String> selector,
      Map<String, String> diskNodes) {
    return new PlacementRequest(
        architecture,
        selector,
        accelerator,
        machineType,
        cpuModel,
        2,
        GIBIBYTE,
        Set.of("pool"),
        Set.of(),
        diskNodes);
  }

  private static NodeSnapshot node(String name) {
    return snapshot(
        name,
        new AcceleratorStatus(Accelerator.KVM, false, "ProbeFailed", "", null, null),
        new AcceleratorStatus(Accelerator.TCG, true, null, null, "max", List.of("max")));
  }

  private static NodeSnapshot withKvm(NodeSnapshot node) {
    return snapshot(
        node.name(),
        new AcceleratorStatus(Accelerator.KVM, true, null, null, "host", List.of("host")));
  }

  private static NodeSnapshot snapshot(String name, AcceleratorStatus... accelerators) {
    return new NodeSnapshot(
        name,
        Map.of("zone", "a"),
        true,
        false,
        List.of(),
        new HypervisorNodeStatus(
            1L,
            Architecture.X86_64,
            8,
            8 * GIBIBYTE,
            null,
            null,
            null,
            List.of("pc-q35-7.2", "pc-q35-7.1", "pc-i440fx-7.2"),
            List.of(accelerators),
            List.of(
                new PoolStatus("pool", true, null, null, null, null),
                new PoolStatus("broken", false, "NotADirectory", null, null, null)),
            null),
        0,
        0);
  }

  private static NodeSnapshot used(NodeSnapshot node, long cpus, long memory) {
    return new NodeSnapshot(
        node.name(),
        node.labels(),
        node.healthy(),
        node.maintenance(),
        node.taints(),
        node.status(),
        cpus,
        memory);
  }

  private static NodeSnapshot inMaintenance(NodeSnapshot node) {
    return new NodeSnapshot(node.name(), node.labels(), true, true, List.of(), node.status(), 0, 0);
  }
}
