package dev.holdfast.cli.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.cli.host.CustomResources;
import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeSpec;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.operator.HoldfastOperator;
import dev.holdfast.operator.OperatorOptions;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import dev.holdfast.standalone.security.Identity;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent is played; a move with a real guest is described in docs/standalone.md. */
class MoveTest {
  private static final String NODE = "n1";
  private static final PatchContext APPLY =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager(Holdfast.NODE_AGENT_FIELD_MANAGER)
          .withForce(true)
          .build();
  private static final String MANIFESTS =
      """
      apiVersion: v1
      kind: Namespace
      metadata:
        name: team
        labels: {a: b}
      ---
      apiVersion: holdfast.dev/v1alpha1
      kind: StoragePool
      metadata:
        name: local
      spec:
        dir: {path: /pool}
      ---
      apiVersion: holdfast.dev/v1alpha1
      kind: VirtualNetwork
      metadata:
        name: net
        namespace: team
      spec:
        forward: {mode: nat}
        ipv4: {subnet: 10.77.0.0/24}
      ---
      apiVersion: holdfast.dev/v1alpha1
      kind: VirtualDisk
      metadata:
        name: disk
        namespace: team
      spec:
        poolRef: local
        capacity: 1Gi
      ---
      apiVersion: holdfast.dev/v1alpha1
      kind: VirtualMachine
      metadata:
        name: vm
        namespace: team
        annotations: {note: kept}
      spec:
        runStrategy: Once
        cpu: {cores: 1}
        memory: {guest: 256Mi}
        disks: [{name: data, diskRef: disk}]
        interfaces: [{name: eth0, networkRef: net}]
      """;

  @TempDir private Path directory;
  private final List<AutoCloseable> running = new ArrayList<>();
  private KubernetesClient from;
  private KubernetesClient to;

  @BeforeEach
  void start() throws Exception {
    from = plane("from");
    to = plane("to");
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : running.reversed()) {
      each.close();
    }
  }

  private KubernetesClient plane(String name) throws Exception {
    StandaloneControlPlane plane =
        StandaloneControlPlane.start(StandaloneOptions.in(directory.resolve(name)).withSync(false));
    running.add(plane);
    KubernetesClient client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(plane.kubeconfig(new Identity.Admin())))
            .build();
    running.add(client);
    CustomResources.apply(client);
    return client;
  }

  @Test
  void operatorAndAgentFindEverythingAgain() throws Exception {
    runMachine();
    VirtualMachine machine = machine(from);
    VirtualMachineInstance instance = instance(from);

    new Move(from, to, Duration.ofMillis(10), line -> {}).run();

    VirtualMachineInstance moved = instance(to);
    assertThat(moved.getSpec()).isEqualTo(instance.getSpec());
    assertThat(moved.getStatus()).isEqualTo(instance.getStatus());
    assertThat(moved.getMetadata().getFinalizers())
        .isEqualTo(instance.getMetadata().getFinalizers());
    assertThat(machine(to).getMetadata().getAnnotations()).containsEntry("note", "kept");
    assertThat(machine(to).getMetadata().getUid()).isNotEqualTo(machine.getMetadata().getUid());
    assertThat(moved.getMetadata().getOwnerReferences())
        .singleElement()
        .satisfies(
            owner -> assertThat(owner.getUid()).isEqualTo(machine(to).getMetadata().getUid()));
    assertThat(machine(to).getMetadata().getManagedFields())
        .usingRecursiveComparison()
        .isEqualTo(machine.getMetadata().getManagedFields());
    assertThat(moved.getMetadata().getManagedFields())
        .usingRecursiveComparison()
        .isEqualTo(instance.getMetadata().getManagedFields());
    assertThat(to.namespaces().withName("team").get().getMetadata().getLabels())
        .containsEntry("a", "b");

    new Move(from, to, Duration.ofMillis(10), line -> {}).run();
    assertThat(instance(to).getMetadata().getResourceVersion())
        .isEqualTo(moved.getMetadata().getResourceVersion());

    heartbeat(to);
    try (HoldfastOperator _ = HoldfastOperator.start(to, OperatorOptions.defaults())) {
      Awaitility.await()
          .untilAsserted(
              () -> {
                assertThat(machine(to).getStatus().uuid()).isEqualTo(machine.getStatus().uuid());
                assertThat(machine(to).getStatus().observedGeneration())
                    .isEqualTo(machine(to).getMetadata().getGeneration());
                assertThat(instance(to).getSpec().vmGeneration())
                    .isEqualTo(machine(to).getMetadata().getGeneration());
              });
    }
    VirtualMachineInstance kept = instance(to);
    assertThat(kept.getMetadata().getUid()).isEqualTo(moved.getMetadata().getUid());
    assertThat(kept.getMetadata().getDeletionTimestamp()).isNull();
    assertThat(kept.getSpec().uuid()).isEqualTo(instance.getSpec().uuid());
    assertThat(kept.getSpec().interfacesOrEmpty())
        .isEqualTo(instance.getSpec().interfacesOrEmpty());
    assertThat(machine(to).getStatus().pendingChanges()).isNull();
  }

  @Test
  void nothingIsMovedWhileSomebodyIsAtWorkOrAnythingIsInTheWay() throws Exception {
    runMachine();
    Thread heart =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  while (!Thread.currentThread().isInterrupted()) {
                    heartbeat(from);
                  }
                });
    refuses("still at work: n1 at " + from.getMasterUrl());
    heart.interrupt();
    heart.join();

    apply(to, MANIFESTS.replace("capacity: 1Gi", "capacity: 2Gi"));
    refuses("VirtualDisk team/disk is there already with another spec");
    to.resources(VirtualMachine.class).inNamespace("team").withName("vm").delete();
    to.genericKubernetesResources("holdfast.dev/v1alpha1", "VirtualDisk")
        .inNamespace("team")
        .withName("disk")
        .delete();

    apply(to, MANIFESTS.replace("name: vm", "name: other"));
    refuses("has machines or an identity of its own");
    to.resources(VirtualMachine.class).inNamespace("team").withName("other").delete();

    from.resources(VirtualMachineInstance.class).inNamespace("team").withName("vm").delete();
    refuses("VirtualMachineInstance team/vm is being deleted");
    assertThat(to.resources(VirtualMachineInstance.class).inAnyNamespace().list().getItems())
        .isEmpty();
  }

  private void refuses(String message) {
    assertThatThrownBy(() -> new Move(from, to, Duration.ofMillis(500), line -> {}).run())
        .isInstanceOf(IOException.class)
        .hasMessageContaining(message);
  }

  /** Lets the operator make the instances, and tells of them what an agent would. */
  private void runMachine() throws Exception {
    HypervisorNode node = named(new HypervisorNode(), NODE);
    node.setSpec(new HypervisorNodeSpec(false, null));
    from.resource(node).create();
    HypervisorNode described = named(new HypervisorNode(), NODE);
    described.setStatus(
        new HypervisorNodeStatus(
            1L,
            Architecture.X86_64,
            8,
            8L << 30,
            "6.1.0",
            "0.1.0",
            "7.2.0",
            List.of("pc-q35-7.2"),
            List.of(
                new AcceleratorStatus(
                    Accelerator.TCG, true, "Builtin", "works", "max", List.of("max"))),
            List.of(new PoolStatus("local", true, "Usable", "works", 100L << 30, null)),
            List.of()));
    from.resource(described).subresource("status").patch(APPLY, described);
    heartbeat(from);
    try (HoldfastOperator _ = HoldfastOperator.start(from, OperatorOptions.defaults())) {
      apply(from, MANIFESTS);
      report(
          VirtualDiskInstance.class,
          "disk",
          "{\"observedGeneration\":1,\"phase\":\"Ready\",\"createdAt\":\"2026-01-01T00:00:00Z\"}");
      report(
          VirtualMachineInstance.class,
          "vm",
          "{\"observedGeneration\":1,\"phase\":\"Running\",\"startTime\":\"2026-01-01T00:00:00Z\",\"processId\":7}");
      Awaitility.await()
          .until(() -> Condition.isTrue(machine(from).getStatus().conditions(), Condition.READY));
    }
  }

  private <T extends HasMetadata> void report(Class<T> kind, String name, String status) {
    Awaitility.await()
        .until(() -> from.resources(kind).inNamespace("team").withName(name).get() != null);
    T object = from.resources(kind).inNamespace("team").withName(name).get();
    from.resource(object)
        .subresource("status")
        .patch(
            APPLY,
            "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"team\"},\"status\":%s}"
                .formatted(object.getApiVersion(), object.getKind(), name, status));
  }

  private static void heartbeat(KubernetesClient client) {
    var lease =
        new LeaseBuilder()
            .withNewMetadata()
            .withName(NODE)
            .withNamespace(Holdfast.SYSTEM_NAMESPACE)
            .endMetadata()
            .withNewSpec()
            .withHolderIdentity(NODE)
            .withLeaseDurationSeconds(40)
            .withRenewTime(ZonedDateTime.now(ZoneOffset.UTC))
            .endSpec()
            .build();
    client.resource(lease).patch(APPLY);
  }

  private static void apply(KubernetesClient client, String manifests) {
    client
        .load(new ByteArrayInputStream(manifests.getBytes(StandardCharsets.UTF_8)))
        .serverSideApply();
  }

  private static VirtualMachine machine(KubernetesClient client) {
    return client.resources(VirtualMachine.class).inNamespace("team").withName("vm").require();
  }

  private static VirtualMachineInstance instance(KubernetesClient client) {
    return client
        .resources(VirtualMachineInstance.class)
        .inNamespace("team")
        .withName("vm")
        .require();
  }

  private static <T extends HasMetadata> T named(T empty, String name) {
    ObjectMeta metadata = new ObjectMetaBuilder().withName(name).build();
    empty.setMetadata(metadata);
    return empty;
  }
}
