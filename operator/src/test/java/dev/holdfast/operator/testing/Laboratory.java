package dev.holdfast.operator.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Manifests;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineStatus;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.operator.HoldfastOperator;
import dev.holdfast.operator.OperatorOptions;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;

/** An API server with the Holdfast kinds, the operator, and a record of what is written. */
public final class Laboratory implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Queue<String> writes = new ConcurrentLinkedQueue<>();
  private final KubernetesClient client;
  private final KubernetesClient users;
  private final OperatorOptions options;
  private HoldfastOperator operator;

  /**
   * Starts the operator, which watches by WebSocket, unless the property holdfast.watches says
   * "http".
   */
  public Laboratory(Config config, OperatorOptions options) {
    config.setOnlyHttpWatches(System.getProperty("holdfast.watches", "websocket").equals("http"));
    users = new KubernetesClientBuilder().withConfig(config).build();
    client =
        new KubernetesClientBuilder()
            .withConfig(config)
            .withHttpClientBuilderConsumer(
                builder -> builder.addOrReplaceInterceptor("writes", new WriteRecorder()))
            .build();
    for (String plural : Manifests.PLURALS) {
      install(Manifests.yaml(plural));
    }
    this.options = options;
    operator = HoldfastOperator.start(client, options);
  }

  private final class WriteRecorder implements Interceptor {
    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
      if (!request.method().equals("GET")) {
        writes.add(request.method() + " " + request.uri().getPath());
      }
    }
  }

  /** A client whose writes are not recorded. */
  public KubernetesClient users() {
    return users;
  }

  /** A client whose writes are recorded, as the operator's are. */
  public KubernetesClient recorded() {
    return client;
  }

  /** What operator and recorded client wrote, without events and heartbeats. */
  public List<String> writesAbout(String namespace) {
    return writes.stream()
        .filter(write -> write.contains("/namespaces/" + namespace + "/"))
        .filter(write -> !write.contains("/events"))
        .toList();
  }

  public void makeNamespace(String name) {
    users
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
  }

  /** Creates or changes objects from YAML documents, as a user would. */
  public void apply(String namespace, String yaml) {
    for (HasMetadata item :
        users
            .load(new java.io.ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8)))
            .items()) {
      boolean cluster = item.getKind().equals("StoragePool");
      if (cluster) {
        users.resource(item).fieldManager("user").forceConflicts().serverSideApply();
      } else {
        users
            .resource(item)
            .inNamespace(namespace)
            .fieldManager("user")
            .forceConflicts()
            .serverSideApply();
      }
    }
  }

  /** The machine, which must be there. */
  public VirtualMachine machine(String namespace, String name) {
    return users.resources(VirtualMachine.class).inNamespace(namespace).withName(name).require();
  }

  public @Nullable VirtualMachineInstance instance(String namespace, String name) {
    return users
        .resources(VirtualMachineInstance.class)
        .inNamespace(namespace)
        .withName(name)
        .get();
  }

  /** The disk, which must be there. */
  public VirtualDisk disk(String namespace, String name) {
    return users.resources(VirtualDisk.class).inNamespace(namespace).withName(name).require();
  }

  /** Waits until the machine's current generation was evaluated with the condition holding. */
  public VirtualMachineStatus awaitMachine(
      String namespace, String name, Predicate<VirtualMachineStatus> predicate) {
    await()
        .untilAsserted(
            () -> {
              VirtualMachine machine = machine(namespace, name);
              assertThat(machine.getStatus()).isNotNull();
              assertThat(machine.getStatus().observedGeneration())
                  .isEqualTo(machine.getMetadata().getGeneration());
              assertThat(machine.getStatus()).matches(predicate);
            });
    return machine(namespace, name).getStatus();
  }

  public VirtualMachineStatus awaitReady(String namespace, String name) {
    return awaitMachine(
        namespace, name, status -> Condition.isTrue(status.conditions(), Condition.READY));
  }

  /** Waits until the machine is not ready for that reason. */
  public VirtualMachineStatus awaitReason(String namespace, String name, String reason) {
    return awaitMachine(namespace, name, status -> reason.equals(ready(status).reason()));
  }

  public static Condition ready(VirtualMachineStatus status) {
    return Objects.requireNonNull(
        Condition.find(status.conditions(), Condition.READY), "no condition Ready");
  }

  public List<Event> events(String namespace, String reason) {
    return users.v1().events().inNamespace(namespace).list().getItems().stream()
        .filter(event -> event.getReason().equals(reason))
        .toList();
  }

  public ConditionFactory await() {
    return Awaitility.await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(50))
        .ignoreExceptions();
  }

  /** What it has made stays. */
  public void stopOperator() {
    operator.close();
  }

  /** Starts the operator that was stopped. */
  public void startOperator() {
    operator = HoldfastOperator.start(client, options);
  }

  /** Starts another operator beside it, which no leadership keeps from working. */
  public HoldfastOperator startSecondOperator() {
    return HoldfastOperator.start(client, options);
  }

  public StoragePool pool(String name) {
    return users.resources(StoragePool.class).withName(name).require();
  }

  @Override
  public void close() {
    stopOperator();
    client.close();
    users.close();
  }

  private void install(String manifest) {
    HasMetadata definition =
        users
            .load(new java.io.ByteArrayInputStream(manifest.getBytes(StandardCharsets.UTF_8)))
            .items()
            .getFirst();
    users.resource(definition).fieldManager("user").forceConflicts().serverSideApply();
    await()
        .until(
            () -> {
              var stored =
                  users
                      .apiextensions()
                      .v1()
                      .customResourceDefinitions()
                      .withName(definition.getMetadata().getName())
                      .get();
              return stored != null
                  && stored.getStatus() != null
                  && stored.getStatus().getConditions().stream()
                      .anyMatch(
                          condition ->
                              condition.getType().equals("Established")
                                  && condition.getStatus().equals("True"));
            });
  }
}
