package dev.holdfast.standalone;

import dev.holdfast.standalone.security.Identity;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.MixedOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Map;

/** A control plane in a directory, with a definition of machines and a client. */
final class TestPlane implements AutoCloseable {
  static final String GROUP = "example.dev";
  static final ResourceDefinitionContext MACHINES =
      new ResourceDefinitionContext.Builder()
          .withGroup(GROUP)
          .withVersion("v1")
          .withKind("Machine")
          .withPlural("machines")
          .withNamespaced(true)
          .build();

  final StandaloneControlPlane plane;
  final KubernetesClient client;

  TestPlane(Path directory) throws IOException {
    this(StandaloneOptions.in(directory).withSync(false));
  }

  TestPlane(StandaloneOptions options) throws IOException {
    plane = StandaloneControlPlane.start(options);
    client = client(new Identity.Admin());
  }

  KubernetesClient client(Identity identity) {
    return new KubernetesClientBuilder()
        .withConfig(Config.fromKubeconfig(plane.kubeconfig(identity)))
        .build();
  }

  TestPlane withMachines() throws IOException {
    try (InputStream definition = TestPlane.class.getResourceAsStream("machines.yaml")) {
      client.load(definition).create();
    }
    return this;
  }

  MixedOperation<
          GenericKubernetesResource,
          GenericKubernetesResourceList,
          Resource<GenericKubernetesResource>>
      machines() {
    return client.genericKubernetesResources(MACHINES);
  }

  static GenericKubernetesResource machine(String name, int cpu) {
    return new GenericKubernetesResourceBuilder()
        .withApiVersion(GROUP + "/v1")
        .withKind("Machine")
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .endMetadata()
        .addToAdditionalProperties("spec", Map.of("cpu", cpu))
        .build();
  }

  GenericKubernetesResource create(GenericKubernetesResource machine) {
    return client.resource(machine).create();
  }

  @Override
  public void close() throws IOException {
    client.close();
    plane.close();
  }
}
