package dev.holdfast.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElector;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What operators do, through the real Fabric8 client. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClientTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private TestPlane plane;

  @BeforeAll
  void start(@TempDir Path directory) throws IOException {
    plane = new TestPlane(directory).withMachines();
  }

  @AfterAll
  void stop() throws IOException {
    plane.close();
  }

  private GenericKubernetesResource get(String name) {
    return plane.machines().inNamespace("default").withName(name).get();
  }

  private static String version(GenericKubernetesResource resource) {
    return resource.getMetadata().getResourceVersion();
  }

  @Test
  void anInformerSeesEveryChangeOnce() {
    List<String> seen = new CopyOnWriteArrayList<>();
    try (SharedIndexInformer<GenericKubernetesResource> informer =
        plane
            .machines()
            .inNamespace("default")
            .withLabel("test", "informer")
            .inform(
                new ResourceEventHandler<>() {
                  @Override
                  public void onAdd(GenericKubernetesResource added) {
                    seen.add("+" + added.getMetadata().getName());
                  }

                  @Override
                  public void onUpdate(
                      GenericKubernetesResource before, GenericKubernetesResource after) {
                    seen.add("~" + after.getMetadata().getName());
                  }

                  @Override
                  public void onDelete(GenericKubernetesResource gone, boolean unknown) {
                    seen.add("-" + gone.getMetadata().getName());
                  }
                })) {
      List<String> expected = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        String name = "informed-" + i;
        GenericKubernetesResource machine = TestPlane.machine(name, 1);
        machine.getMetadata().setLabels(Map.of("test", "informer"));
        plane.create(machine);
        plane
            .machines()
            .inNamespace("default")
            .withName(name)
            .edit(
                edited -> {
                  edited.setAdditionalProperty("spec", Map.of("cpu", 2));
                  return edited;
                });
        plane.machines().inNamespace("default").withName(name).delete();
        expected.addAll(List.of("+" + name, "~" + name, "-" + name));
      }

      await().atMost(PATIENCE).untilAsserted(() -> assertThat(seen).isEqualTo(expected));
      assertThat(informer.getStore().list()).isEmpty();
    }
  }

  @Test
  void selectsByADeclaredField() {
    GenericKubernetesResource machine = TestPlane.machine("placed", 1);
    machine.setAdditionalProperty("spec", Map.of("nodeName", "n1"));
    plane.create(machine);
    plane.create(TestPlane.machine("unplaced", 1));

    assertThat(
            plane
                .machines()
                .inNamespace("default")
                .withField("spec.nodeName", "n1")
                .list()
                .getItems())
        .extracting(found -> found.getMetadata().getName())
        .containsExactly("placed");
  }

  @Test
  void appliesStatusWithoutTouchingTheSpecAndWritesNothingForAnotherTimeAlone() {
    plane.create(TestPlane.machine("reported", 3));
    GenericKubernetesResource status = TestPlane.machine("reported", 9);
    status.setAdditionalProperty("status", Map.of("phase", "Running"));
    PatchContext apply =
        new PatchContext.Builder()
            .withPatchType(PatchType.SERVER_SIDE_APPLY)
            .withFieldManager("operator")
            .withForce(true)
            .build();

    GenericKubernetesResource first =
        plane.client.resource(status).subresource("status").patch(apply);
    Instant firstAt = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    await().until(() -> Instant.now().truncatedTo(ChronoUnit.SECONDS).isAfter(firstAt));
    GenericKubernetesResource second =
        plane.client.resource(status).subresource("status").patch(apply);

    assertThat(first.<String>get("status", "phase")).isEqualTo("Running");
    assertThat(first.<Integer>get("spec", "cpu")).isEqualTo(3);
    assertThat(first.getMetadata().getGeneration()).isEqualTo(1);
    assertThat(version(second)).isEqualTo(version(first));
  }

  @Test
  void addsAFinalizerByApplyAndDeletesWhenItIsRemoved() {
    plane.create(TestPlane.machine("held", 1));
    GenericKubernetesResource finalizer = TestPlane.machine("held", 1);
    finalizer.setAdditionalProperties(Map.of());
    finalizer.getMetadata().setFinalizers(List.of("example.dev/held"));
    plane.client.resource(finalizer).forceConflicts().fieldManager("operator").serverSideApply();
    plane.machines().inNamespace("default").withName("held").delete();

    GenericKubernetesResource terminating = get("held");
    assertThat(terminating.getMetadata().getDeletionTimestamp()).isNotNull();
    assertThat(terminating.getMetadata().getGeneration()).isEqualTo(2);

    plane
        .machines()
        .inNamespace("default")
        .withName("held")
        .edit(
            edited -> {
              edited.getMetadata().setFinalizers(List.of());
              return edited;
            });
    assertThat(get("held")).isNull();
  }

  @Test
  void refusesAWriteOverANewerVersion() {
    GenericKubernetesResource stale = plane.create(TestPlane.machine("contended", 1));
    GenericKubernetesResource newer = get("contended");
    newer.setAdditionalProperty("spec", Map.of("cpu", 2));
    plane.client.resource(newer).update();
    stale.setAdditionalProperty("spec", Map.of("cpu", 3));

    assertThatThrownBy(() -> plane.client.resource(stale).update())
        .isInstanceOfSatisfying(
            KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(409));
  }

  @Test
  void writesNothingWhenNothingChanges() {
    GenericKubernetesResource created = plane.create(TestPlane.machine("still", 1));

    assertThat(version(plane.client.resource(created).update())).isEqualTo(version(created));
  }

  @Test
  void namesTheFieldThatIsWrong() {
    assertThatThrownBy(() -> plane.create(TestPlane.machine("huge", 65)))
        .hasMessageContaining("spec.cpu in body should be less than or equal to 64");
    plane.create(TestPlane.machine("shrinking", 4));
    GenericKubernetesResource smaller = get("shrinking");
    smaller.setAdditionalProperty("spec", Map.of("cpu", 3));
    assertThatThrownBy(() -> plane.client.resource(smaller).update())
        .hasMessageContaining("a machine can't shrink");
  }

  @Test
  void electsOneLeaderAndThenTheOther() {
    AtomicReference<String> leader = new AtomicReference<>("");
    CompletableFuture<?> first = elector("first", leader).start();
    await().atMost(PATIENCE).untilAtomic(leader, org.hamcrest.Matchers.is("first"));
    CompletableFuture<?> second = elector("second", leader).start();
    first.cancel(true);

    await().atMost(PATIENCE).untilAtomic(leader, org.hamcrest.Matchers.is("second"));
    second.cancel(true);
  }

  private LeaderElector elector(String identity, AtomicReference<String> leader) {
    return plane
        .client
        .leaderElector()
        .withConfig(
            new LeaderElectionConfigBuilder()
                .withName("test")
                .withLeaseDuration(Duration.ofSeconds(5))
                .withRenewDeadline(Duration.ofSeconds(4))
                .withRetryPeriod(Duration.ofMillis(500))
                .withReleaseOnCancel()
                .withLock(new LeaseLock("default", "election", identity))
                .withLeaderCallbacks(
                    new LeaderCallbacks(() -> leader.set(identity), () -> {}, newLeader -> {}))
                .build())
        .build();
  }

  @Test
  void pagesShowTheStateOfTheFirstPage() {
    IntStream.range(0, 5)
        .forEach(i -> plane.client.resource(configMap("paged-" + i, Map.of())).create());
    var pages = plane.client.configMaps().inNamespace("kube-public");
    var first =
        pages.list(new io.fabric8.kubernetes.api.model.ListOptionsBuilder().withLimit(2L).build());
    pages.withName("paged-4").delete();
    List<String> names = new ArrayList<>();
    first.getItems().forEach(item -> names.add(item.getMetadata().getName()));
    String token = first.getMetadata().getContinue();
    while (token != null && !token.isEmpty()) {
      var next =
          pages.list(
              new io.fabric8.kubernetes.api.model.ListOptionsBuilder()
                  .withLimit(2L)
                  .withContinue(token)
                  .build());
      next.getItems().forEach(item -> names.add(item.getMetadata().getName()));
      token = next.getMetadata().getContinue();
    }

    assertThat(names).containsExactly("paged-0", "paged-1", "paged-2", "paged-3", "paged-4");
  }

  private static ConfigMap configMap(String name, Map<String, String> data) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("kube-public")
        .endMetadata()
        .withData(data)
        .build();
  }

  @Test
  void turnsTextOfASecretIntoData() {
    Secret secret =
        plane
            .client
            .resource(
                new SecretBuilder()
                    .withNewMetadata()
                    .withName("password")
                    .withNamespace("default")
                    .endMetadata()
                    .withStringData(Map.of("key", "secret"))
                    .build())
            .create();

    assertThat(secret.getType()).isEqualTo("Opaque");
    assertThat(secret.getStringData()).isNullOrEmpty();
    assertThat(
            new String(
                Base64.getDecoder().decode(secret.getData().get("key")), StandardCharsets.UTF_8))
        .isEqualTo("secret");
  }
}
