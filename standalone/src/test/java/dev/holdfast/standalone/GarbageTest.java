package dev.holdfast.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GarbageTest {
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

  private GenericKubernetesResource create(String name, GenericKubernetesResource... owners) {
    GenericKubernetesResource machine = TestPlane.machine(name, 1);
    machine
        .getMetadata()
        .setOwnerReferences(
            List.of(owners).stream()
                .map(
                    owner ->
                        new OwnerReferenceBuilder()
                            .withApiVersion(owner.getApiVersion())
                            .withKind(owner.getKind())
                            .withName(owner.getMetadata().getName())
                            .withUid(owner.getMetadata().getUid())
                            .withBlockOwnerDeletion(true)
                            .build())
                .toList());
    return plane.create(machine);
  }

  private GenericKubernetesResource get(String name) {
    return plane.machines().inNamespace("default").withName(name).get();
  }

  private void delete(String name, DeletionPropagation propagation) {
    plane
        .machines()
        .inNamespace("default")
        .withName(name)
        .withPropagationPolicy(propagation)
        .delete();
  }

  private void awaitGone(String name) {
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(get(name)).isNull());
  }

  @Test
  void deletesWhatWasOwnedInTheBackground() {
    GenericKubernetesResource owner = create("background");
    create("background-child", create("background-parent", owner));
    delete("background", DeletionPropagation.BACKGROUND);

    awaitGone("background-parent");
    awaitGone("background-child");
  }

  @Test
  void keepsWhatHasAnotherOwner() {
    GenericKubernetesResource one = create("one");
    GenericKubernetesResource other = create("other");
    create("shared", one, other);
    delete("one", DeletionPropagation.BACKGROUND);

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(get("shared").getMetadata().getOwnerReferences())
                    .extracting(reference -> reference.getName())
                    .containsExactly("other"));
  }

  @Test
  void deletesDependentsBeforeTheOwnerInTheForeground() {
    GenericKubernetesResource owner = create("foreground");
    GenericKubernetesResource child = create("foreground-child", owner);
    plane
        .client
        .resource(child)
        .edit(
            edited -> {
              edited.getMetadata().setFinalizers(List.of("example.dev/wait"));
              return edited;
            });
    delete("foreground", DeletionPropagation.FOREGROUND);
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(get("foreground-child").getMetadata().getDeletionTimestamp())
                    .isNotNull());
    assertThat(get("foreground").getMetadata().getFinalizers())
        .containsExactly("foregroundDeletion");

    plane
        .client
        .resource(get("foreground-child"))
        .edit(
            edited -> {
              edited.getMetadata().setFinalizers(List.of());
              return edited;
            });
    awaitGone("foreground");
    assertThat(get("foreground-child")).isNull();
  }

  @Test
  void leavesDependentsOfAnOrphaningDeletion() {
    GenericKubernetesResource owner = create("orphaning");
    create("orphan", owner);
    delete("orphaning", DeletionPropagation.ORPHAN);

    awaitGone("orphaning");
    assertThat(get("orphan").getMetadata().getOwnerReferences()).isEmpty();
  }

  @Test
  void deletesWhatWasCreatedForADeadOwner() {
    GenericKubernetesResource owner = create("dead");
    delete("dead", DeletionPropagation.BACKGROUND);
    create("late", owner);

    awaitGone("late");
  }

  @Test
  void keepsWhatIsOwnedByAKindThatIsNotServed() {
    GenericKubernetesResource elsewhere = TestPlane.machine("elsewhere", 1);
    elsewhere.setApiVersion("apps/v1");
    elsewhere.setKind("Deployment");
    elsewhere.getMetadata().setUid("5d7c0f7e-6b0e-4c39-9a53-0f1b3c8e9a11");
    create("brought-along", elsewhere);
    GenericKubernetesResource owner = create("dead-too");
    delete("dead-too", DeletionPropagation.BACKGROUND);
    create("later", owner);
    awaitGone("later"); // whatever was written before it has been looked at

    assertThat(get("brought-along")).isNotNull();
  }

  @Test
  void emptiesADeletedNamespaceAndRefusesNewObjectsMeanwhile() {
    plane
        .client
        .resource(new NamespaceBuilder().withNewMetadata().withName("doomed").endMetadata().build())
        .create();
    GenericKubernetesResource held = TestPlane.machine("held", 1);
    held.getMetadata().setNamespace("doomed");
    held.getMetadata().setFinalizers(List.of("example.dev/wait"));
    plane.create(held);
    GenericKubernetesResource free = TestPlane.machine("free", 1);
    free.getMetadata().setNamespace("doomed");
    plane.create(free);
    plane.client.namespaces().withName("doomed").delete();

    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(plane.machines().inNamespace("doomed").list().getItems()).hasSize(1));
    GenericKubernetesResource late = TestPlane.machine("late", 1);
    late.getMetadata().setNamespace("doomed");
    assertThatThrownBy(() -> plane.create(late)).hasMessageContaining("is being terminated");

    plane
        .machines()
        .inNamespace("doomed")
        .withName("held")
        .edit(
            edited -> {
              edited.getMetadata().setFinalizers(List.of());
              return edited;
            });
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(plane.client.namespaces().withName("doomed").get()).isNull());
  }
}
