package dev.holdfast.system.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineStatus;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.operator.HoldfastOperator;
import dev.holdfast.operator.OperatorOptions;
import dev.holdfast.system.Checkout;
import dev.holdfast.system.chart.HoldfastChart;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FieldValidateable;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/**
 * What must work on any cluster: the kinds as the chart ships them, the operator with the rights
 * that the chart gives it, and a machine that finds its node.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class PlacementContract {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String POOL = "placement";
  private static final long GIBIBYTE = 1L << 30;

  private final Set<ApiRequest> requests = ConcurrentHashMap.newKeySet();
  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private @Nullable KubernetesClient admin;
  private @Nullable TestAbortedException skipped;

  /**
   * Starts an empty cluster.
   *
   * @param folder for its files
   */
  abstract Cluster start(Path folder) throws Exception;

  @BeforeAll
  void install(@TempDir Path folder) throws Exception {
    Cluster cluster;
    try {
      cluster = opened(start(folder));
    } catch (TestAbortedException lacking) {
      // Told by each test: Surefire would not report a class that is skipped before its first test.
      skipped = lacking;
      return;
    }
    KubernetesClient client = opened(cluster.connect());
    admin = client;
    HoldfastChart.crds().forEach(crd -> client.resource(crd).forceConflicts().serverSideApply());
    await().until(() -> HoldfastChart.crds().stream().allMatch(crd -> isEstablished(client, crd)));
    client
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName(Holdfast.SYSTEM_NAMESPACE)
                .endMetadata()
                .build())
        .serverSideApply();
    opened(
        HoldfastOperator.start(
            opened(cluster.connect(new Recorder())),
            OperatorOptions.defaults().withLeaderLease(OperatorOptions.LEADER_LEASE)));
    agent("small").register(false, GIBIBYTE, POOL);
    agent("closed").register(true, 64 * GIBIBYTE, POOL);
  }

  @AfterAll
  void end() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
  }

  private <T extends AutoCloseable> T opened(T resource) {
    opened.push(resource);
    return resource;
  }

  @BeforeEach
  void keepNodesAlive() {
    if (skipped != null) {
      throw skipped;
    }
    agent("small").heartbeat();
    agent("closed").heartbeat();
  }

  @AfterEach
  void deleteMachines() {
    if (skipped != null) {
      return;
    }
    admin().resources(VirtualMachine.class).inNamespace("default").delete();
    await()
        .until(
            () -> {
              instances().forEach(agent("small")::letGo);
              return admin()
                  .resources(VirtualMachine.class)
                  .inNamespace("default")
                  .list()
                  .getItems()
                  .isEmpty();
            });
  }

  @Test
  @Order(1)
  void placesAMachineWhereItsDiskIs() {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: StoragePool
        metadata: {name: placement}
        spec: {dir: {path: /var/lib/holdfast/pools/placement}}
        ---
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualNetwork
        metadata: {name: lan, namespace: default}
        spec: {forward: {mode: nat}, ipv4: {subnet: 10.91.0.0/24}}
        ---
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualDisk
        metadata: {name: data, namespace: default}
        spec: {poolRef: placement, format: qcow2, capacity: 1Gi}
        ---
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualMachine
        metadata: {name: web, namespace: default}
        spec:
          runStrategy: Always
          cpu: {cores: 1}
          memory: {guest: 256Mi}
          disks: [{name: data, diskRef: data}]
          interfaces: [{name: lan, networkRef: lan}]
        """);
    VirtualDiskInstance disk =
        await()
            .until(
                () ->
                    admin()
                        .resources(VirtualDiskInstance.class)
                        .inNamespace("default")
                        .withName("data")
                        .get(),
                found -> found != null);
    agent("small").makeDisk(disk);

    await().until(() -> instance("web").isPresent());

    VirtualMachineInstance web = instance("web").orElseThrow();
    assertThat(web.getSpec().nodeName()).isEqualTo("small");
    assertThat(web.getSpec().machineType()).isEqualTo("pc-q35-7.2");
    assertThat(web.getMetadata().getOwnerReferences())
        .singleElement()
        .satisfies(owner -> assertThat(owner.getKind()).isEqualTo("VirtualMachine"));
    await().until(() -> "small".equals(status("web").map(s -> s.nodeName()).orElse(null)));
  }

  @Test
  @Order(2)
  void tellsOfEveryNodeWhyAMachineFitsNowhere() {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualMachine
        metadata: {name: huge, namespace: default}
        spec:
          runStrategy: Always
          cpu: {cores: 1}
          memory: {guest: 32Gi}
        """);
    await()
        .untilAsserted(
            () ->
                assertThat(status("huge").map(s -> Condition.find(s.conditions(), Condition.READY)))
                    .hasValueSatisfying(
                        ready -> {
                          assertThat(requireNonNull(ready).reason()).isEqualTo("Unschedulable");
                          assertThat(ready.message())
                              .startsWith("0/2 nodes are available")
                              .contains("Insufficient memory", "in maintenance");
                        }));
    assertThat(instance("huge")).isEmpty();
  }

  @Test
  @Order(3)
  void acceptsEveryExample() {
    Path folder = Checkout.ROOT.resolve("examples");
    assumeTrue(Files.isDirectory(folder), "there is no folder examples yet");
    List<Path> examples =
        Checkout.files(folder, _ -> true).stream()
            .filter(file -> file.toString().endsWith(".yaml"))
            .filter(file -> !file.startsWith(folder.resolve("wrong")))
            .toList();
    assertThat(examples).isNotEmpty();
    assertThat(examples)
        .allSatisfy(
            file ->
                admin()
                    .load(new ByteArrayInputStream(Checkout.read(file).getBytes(UTF_8)))
                    .items()
                    .forEach(
                        object ->
                            admin()
                                .resource(object)
                                .dryRun()
                                .fieldValidation(FieldValidateable.Validation.STRICT)
                                .forceConflicts()
                                .serverSideApply()));
  }

  @Test
  @Order(3)
  void refusesEveryWrongExampleAndNamesTheField() {
    String mark = "# Refused for: ";
    List<Path> examples = Checkout.files(Checkout.ROOT.resolve("examples/wrong"), _ -> true);
    assertThat(examples).isNotEmpty();
    assertThat(examples)
        .allSatisfy(
            file -> {
              String text = Checkout.read(file);
              String field = text.lines().findFirst().orElseThrow();
              assertThat(field).startsWith(mark);
              assertThatThrownBy(
                      () ->
                          admin()
                              .load(new ByteArrayInputStream(text.getBytes(UTF_8)))
                              .items()
                              .forEach(
                                  object ->
                                      admin()
                                          .resource(object)
                                          .dryRun()
                                          .fieldValidation(FieldValidateable.Validation.STRICT)
                                          .create()))
                  .isInstanceOf(KubernetesClientException.class)
                  .hasMessageContaining(field.substring(mark.length()));
            });
  }

  /** After the others, so that all their requests are judged. */
  @Test
  @Order(4)
  void theOperatorNeedsNoRightThatTheChartDoesNotGive() {
    ChartAccess access = ChartAccess.of("holdfast-operator");
    assertThat(requests)
        .contains(
            new ApiRequest("create", "holdfast.dev", "virtualmachineinstances", "default", null));
    assertThat(requests.stream().filter(request -> !access.allows(request)))
        .as("requests of the operator that the roles in charts/holdfast forbid")
        .isEmpty();
  }

  private void apply(String documents) {
    admin()
        .load(new ByteArrayInputStream(documents.getBytes(UTF_8)))
        .items()
        .forEach(object -> admin().resource(object).forceConflicts().serverSideApply());
  }

  private Optional<VirtualMachineInstance> instance(String name) {
    return instances().stream()
        .filter(found -> found.getMetadata().getName().equals(name))
        .findFirst();
  }

  private List<VirtualMachineInstance> instances() {
    return admin().resources(VirtualMachineInstance.class).inNamespace("default").list().getItems();
  }

  private Optional<VirtualMachineStatus> status(String machine) {
    return Optional.ofNullable(
        admin()
            .resources(VirtualMachine.class)
            .inNamespace("default")
            .withName(machine)
            .require()
            .getStatus());
  }

  private PlayedAgent agent(String node) {
    return new PlayedAgent(admin(), node);
  }

  private KubernetesClient admin() {
    return requireNonNull(admin, "the cluster has not started");
  }

  private static boolean isEstablished(KubernetesClient client, HasMetadata crd) {
    @Nullable CustomResourceDefinition found =
        client
            .apiextensions()
            .v1()
            .customResourceDefinitions()
            .withName(crd.getMetadata().getName())
            .get();
    return found != null
        && found.getStatus() != null
        && found.getStatus().getConditions().stream()
            .anyMatch(
                each -> each.getType().equals("Established") && each.getStatus().equals("True"));
  }

  private static ConditionFactory await() {
    return Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50));
  }

  private final class Recorder implements Interceptor {
    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      ApiRequest.of(request.method(), request.uri()).ifPresent(requests::add);
    }
  }
}
