package dev.holdfast.operator;

import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.storage.VirtualDiskStatus;
import dev.holdfast.operator.testing.FakeKeeper;
import dev.holdfast.operator.testing.FakeNode;
import dev.holdfast.operator.testing.Laboratory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;

/** An operator with a namespace, a pool and played nodes of a test's own. */
abstract class OperatorScenario {
  static final long GIBIBYTE = 1L << 30;
  static final Duration NODE_TIMEOUT = Duration.ofSeconds(3);

  private final List<FakeNode> nodes = new ArrayList<>();
  String namespace = "";

  abstract Laboratory laboratory();

  /** The spec of the test's pool. */
  String poolSpec() {
    return "{dir: {path: /var/lib/holdfast/pool}}";
  }

  @BeforeEach
  void makeNamespaceAndPool(TestInfo test) {
    String method = test.getTestMethod().orElseThrow().getName().toLowerCase(java.util.Locale.ROOT);
    // Also the name of the pool and of its lockspace, which may have 48 characters.
    namespace = "t-" + method.substring(0, Math.min(46, method.length()));
    laboratory().makeNamespace(namespace);
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: StoragePool
        metadata: {name: NAMESPACE}
        spec: %s
        """
            .formatted(poolSpec()));
  }

  @AfterEach
  void stopNodes() {
    nodes.forEach(FakeNode::close);
  }

  VirtualDiskStatus diskStatus(String name) {
    return laboratory().disk(namespace, name).getStatus();
  }

  VirtualMachineInstance instance(String name) {
    return Objects.requireNonNull(laboratory().instance(namespace, name), "no instance");
  }

  FakeNode startNode(String suffix) {
    return startNode(suffix, 8 * GIBIBYTE);
  }

  /** Starts a node that holds sanlock leases by that keeper. */
  FakeNode startNode(String suffix, FakeKeeper keeper) {
    FakeNode node =
        FakeNode.start(
            laboratory().recorded(),
            namespace + "-" + suffix,
            Map.of("test", namespace, "node", suffix),
            namespace,
            8 * GIBIBYTE,
            keeper);
    nodes.add(node);
    return node;
  }

  FakeNode startNode(String suffix, long memory) {
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

  void applyDiskAndNetwork(String subnet) {
    applyDisk("data");
    applyNetwork("net", subnet);
  }

  void applyDisk(String name) {
    applyDisk(name, "");
  }

  void applyDisk(String name, String more) {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualDisk
        metadata: {name: %s}
        spec: {poolRef: NAMESPACE, capacity: 1Gi%s}
        """
            .formatted(name, more.isEmpty() ? "" : ", " + more));
  }

  void applyNetwork(String name, String subnet) {
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
  void applyMachine(String name, String more) {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualMachine
        metadata: {name: %s}
        spec: {nodeSelector: {test: NAMESPACE}, memory: {guest: 512Mi}%s}
        """
            .formatted(name, more.isEmpty() ? "" : ", " + more));
  }

  /** Applies a machine that runs on that node of the test only. */
  void applyMachineOn(String suffix, String name, String more) {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualMachine
        metadata: {name: %s}
        spec: {nodeSelector: {node: %s}, memory: {guest: 512Mi}, %s}
        """
            .formatted(name, suffix, more));
  }

  void apply(String yaml) {
    laboratory().apply(namespace, yaml.replace("NAMESPACE", namespace));
  }
}
