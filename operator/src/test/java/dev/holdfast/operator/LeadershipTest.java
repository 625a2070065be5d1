package dev.holdfast.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.operator.testing.FakeNode;
import dev.holdfast.operator.testing.Laboratory;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two operators of one cluster, in one process. */
class LeadershipTest {
  private static final String NAMESPACE = "leadership";
  private static final OperatorOptions OPTIONS =
      OperatorOptions.defaults().withLeaderLease(Duration.ofSeconds(3));

  private StandaloneControlPlane controlPlane;
  private Config config;
  private Laboratory laboratory;
  private FakeNode node;

  @BeforeEach
  void startTheFirstOperator(@TempDir Path directory) throws IOException {
    controlPlane = StandaloneControlPlane.start(StandaloneOptions.in(directory).withSync(false));
    config = Config.fromKubeconfig(directory.resolve("kubeconfig").toFile());
    laboratory = new Laboratory(config, OPTIONS);
    laboratory.makeNamespace(NAMESPACE);
    node = FakeNode.start(laboratory.users(), "node", Map.of(), "pool", 8L << 30);
    apply("first");
    laboratory.awaitReady(NAMESPACE, "first");
  }

  @AfterEach
  void stop() throws IOException {
    node.close();
    laboratory.close();
    controlPlane.close();
  }

  @Test
  void theSecondOperatorWaitsAndGoesOnWhenTheFirstIsGone() {
    String leader = lease().getSpec().getHolderIdentity();
    try (KubernetesClient client = client();
        HoldfastOperator second = HoldfastOperator.start(client, OPTIONS)) {
      assertThat(second).isNotNull();
      apply("second");
      laboratory.awaitReady(NAMESPACE, "second");
      assertThat(laboratory.events(NAMESPACE, "Scheduled")).hasSize(2);
      assertThat(lease().getSpec().getHolderIdentity()).isEqualTo(leader);

      laboratory.stopOperator();
      apply("third");

      laboratory.awaitReady(NAMESPACE, "third");
      assertThat(lease().getSpec().getHolderIdentity()).isNotEqualTo(leader);
      assertThat(laboratory.events(NAMESPACE, "Scheduled")).hasSize(3);
    }
  }

  @Test
  void anOperatorThatLosesLeadershipSaysSoAndWritesNothingMore() {
    CompletableFuture<String> failure = new CompletableFuture<>();
    laboratory.stopOperator();
    try (KubernetesClient client = client();
        HoldfastOperator operator = HoldfastOperator.start(client, OPTIONS, failure::complete)) {
      assertThat(operator).isNotNull();
      apply("second");
      laboratory.awaitReady(NAMESPACE, "second");

      giveLeadershipToSomebodyElse();

      await().until(failure::isDone);
      assertThat(failure).isCompletedWithValue("it is not the leader any more");
      apply("third");
      await()
          .during(Duration.ofSeconds(1))
          .untilAsserted(
              () -> assertThat(laboratory.machine(NAMESPACE, "third").getStatus()).isNull());
    }
  }

  private void giveLeadershipToSomebodyElse() {
    Lease lease = lease();
    lease.getSpec().setHolderIdentity("somebody else");
    lease.getSpec().setLeaseDurationSeconds(3600);
    lease.getSpec().setRenewTime(ZonedDateTime.now(ZoneOffset.UTC));
    lease.getMetadata().setResourceVersion(null);
    laboratory.users().resource(lease).update();
  }

  private Lease lease() {
    return laboratory
        .users()
        .leases()
        .inNamespace(Holdfast.SYSTEM_NAMESPACE)
        .withName("holdfast-operator")
        .require();
  }

  private KubernetesClient client() {
    return new KubernetesClientBuilder().withConfig(config).build();
  }

  private void apply(String machine) {
    laboratory.apply(
        NAMESPACE,
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualMachine
        metadata: {name: %s}
        spec: {memory: {guest: 512Mi}}
        """
            .formatted(machine));
  }
}
