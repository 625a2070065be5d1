package dev.holdfast.node.agent.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.Manifests;
import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An agent that was away does nothing to what took the place of an object that it knew. */
class ReporterTest {
  private static final VirtualDiskInstanceStatus READY =
      new VirtualDiskInstanceStatus(1L, VirtualDiskInstanceStatus.Phase.READY, null, null);

  @TempDir Path directory = Path.of("");

  @Test
  void anObjectOfTheSameNameIsNotWrittenTo() throws IOException {
    try (StandaloneControlPlane plane =
            StandaloneControlPlane.start(StandaloneOptions.in(directory).withSync(false));
        KubernetesClient client =
            new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(directory.resolve("kubeconfig").toFile()))
                .build()) {
      assertThat(plane).isNotNull();
      client
          .load(
              new ByteArrayInputStream(
                  Manifests.yaml("virtualdiskinstances").getBytes(StandardCharsets.UTF_8)))
          .create();
      Reporter reporter = new Reporter(client, "node-1", Clock.systemUTC());
      VirtualDiskInstance old =
          Awaitility.await()
              .ignoreExceptions()
              .until(() -> client.resource(instance("node-1")).create(), _ -> true);
      assertThat(reporter.writeStatus(old, READY)).isTrue();
      reporter.removeFinalizer(client.resource(old).get());
      client.resource(old).delete();
      VirtualDiskInstance successor = client.resource(instance("node-2")).create();

      VirtualDiskInstanceStatus failed =
          new VirtualDiskInstanceStatus(1L, VirtualDiskInstanceStatus.Phase.FAILED, null, null);
      assertThat(reporter.writeStatus(old, failed)).isFalse();
      reporter.removeFinalizer(old);

      VirtualDiskInstance now = client.resource(successor).get();
      assertThat(now.getStatus()).isNull();
      assertThat(now.getFinalizers()).containsExactly(Holdfast.NODE_AGENT_FINALIZER);
    }
  }

  private static VirtualDiskInstance instance(String node) {
    VirtualDiskInstance instance = new VirtualDiskInstance();
    instance.setMetadata(
        new ObjectMetaBuilder()
            .withName("data")
            .withNamespace("default")
            .withFinalizers(Holdfast.NODE_AGENT_FINALIZER)
            .build());
    instance.setSpec(
        new VirtualDiskInstanceSpec(
            node,
            "pool",
            "/pool",
            "/pool/disks/default/data.raw",
            1 << 20,
            DiskFormat.RAW,
            ReclaimPolicy.RETAIN,
            AccessMode.EXCLUSIVE,
            null,
            null));
    return instance;
  }
}
