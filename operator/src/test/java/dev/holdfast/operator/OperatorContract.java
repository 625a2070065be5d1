package dev.holdfast.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineStatus;
import dev.holdfast.crds.machine.VirtualMachineStatus.PrintableStatus;
import dev.holdfast.crds.storage.VirtualDiskStatus;
import dev.holdfast.operator.testing.FakeNode;
import dev.holdfast.operator.testing.Laboratory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** What the operator does on any API server, with nodes whose agents are played. */
abstract class OperatorContract {
  private static final long GIBIBYTE = 1L << 30;
  static final Duration NODE_TIMEOUT = Duration.ofSeconds(3);

  private final List<FakeNode> nodes = new ArrayList<>();
  private String namespace = "";

  abstract Laboratory laboratory();

  @BeforeEach
  void makeNamespaceAndPool(TestInfo test) {
    String method = test.getTestMethod().orElseThrow().getName().toLowerCase(java.util.Locale.ROOT);
    namespace = "t-" + method.substring(0, Math.min(50, method.length()));
    laboratory().makeNamespace(namespace);
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: StoragePool
        metadata: {name: NAMESPACE}
        spec: {dir: {path: /var/lib/holdfast/pool}}
        """);
  }

  @AfterEach
  void stopNodes() {
    nodes.forEach(FakeNode::close);
  }

  @Test
  void placesAMachineAndReportsThatItRuns() {
    FakeNode node = startNode("a");
    applyDiskAndNetwork();
    applyMachine(
        "web", "disks: [{name: root, diskRef: data}], interfaces: [{name: lan, networkRef: net}]");

    VirtualMachineStatus status = laboratory().awaitReady(namespace, "web");

    assertThat(status.printableStatus()).isEqualTo(PrintableStatus.RUNNING);
    assertThat(status.nodeName()).isEqualTo(node.name());
    VirtualMachineInstance instance = instance("web");
    VirtualMachineInstanceSpec spec = instance.getSpec();
    assertThat(spec.machineType()).isEqualTo("pc-q35-7.2");
    assertThat(spec.cpu().model()).isEqualTo("max");
    assertThat(spec.uuid()).isEqualTo(status.uuid());
    assertThat(spec.disksOrEmpty().getFirst().path())
        .isEqualTo("/var/lib/holdfast/pool/disks/" + namespace + "/data.qcow2");
    assertThat(instance.getFinalizers()).containsExactly(Holdfast.NODE_AGENT_FINALIZER);
    assertThat(status.interfaces()).hasSize(1);
    laboratory()
        .await()
        .untilAsserted(() -> assertThat(diskStatus("data").usedBy()).isEqualTo("web"));
    assertThat(laboratory().events(namespace, "Scheduled")).hasSize(1);
    laboratory()
        .await()
        .untilAsserted(() -> assertThat(laboratory().events(namespace, "Started")).hasSize(1));
  }

  @Test
  void startsAMachineWithAtMostFiveWrites() {
    startNode("a");
    applyMachine("web", "");

    laboratory().awaitReady(namespace, "web");

    assertThat(laboratory().writesAbout(namespace)).hasSizeLessThanOrEqualTo(5);
  }

  @Test
  void aHaltedMachineIsReadyAndHasNoInstance() {
    startNode("a");
    applyMachine("web", "runStrategy: Halted");

    VirtualMachineStatus status = laboratory().awaitReady(namespace, "web");

    assertThat(status.printableStatus()).isEqualTo(PrintableStatus.STOPPED);
    assertThat(laboratory().instance(namespace, "web")).isNull();
  }

  private VirtualDiskStatus diskStatus(String name) {
    return laboratory().disk(namespace, name).getStatus();
  }

  private VirtualMachineInstance instance(String name) {
    return Objects.requireNonNull(laboratory().instance(namespace, name), "no instance");
  }

  private FakeNode startNode(String suffix) {
    return startNode(suffix, 8 * GIBIBYTE);
  }

  private FakeNode startNode(String suffix, long memory) {
    FakeNode node =
        FakeNode.start(
            laboratory().recorded(),
            namespace + "-" + suffix,
            Map.of("test", namespace),
            namespace,
            memory);
    nodes.add(node);
    return node;
  }

  private void applyDiskAndNetwork() {
    applyDisk("data");
    applyNetwork("net", "10.77.0.0/24");
  }

  private void applyDisk(String name) {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualDisk
        metadata: {name: %s}
        spec: {poolRef: NAMESPACE, capacity: 1Gi}
        """
            .formatted(name));
  }

  private void applyNetwork(String name, String subnet) {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualNetwork
        metadata: {name: %s}
        spec: {forward: {mode: nat}, ipv4: {subnet: %s}}
        """
            .formatted(name, subnet));
  }

  /** Applies a machine of 512 MiB that stays on this test's nodes. */
  private void applyMachine(String name, String more) {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualMachine
        metadata: {name: %s}
        spec: {nodeSelector: {test: NAMESPACE}, memory: {guest: 512Mi}%s}
        """
            .formatted(name, more.isEmpty() ? "" : ", " + more));
  }

  private void apply(String yaml) {
    laboratory().apply(namespace, yaml.replace("NAMESPACE", namespace));
  }
}
