package dev.holdfast.cli.host;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.Manifests;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientTimeoutException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Puts Holdfast's kinds and namespace into a control plane. */
public final class CustomResources {
  private static final String FIELD_MANAGER = "holdfast-install";
  private static final int SECONDS = 30;

  private CustomResources() {}

  /**
   * Applies them; kinds of an older version are brought up to date. Returns when all are served.
   *
   * @throws TimeoutException when one is not served within 30 s
   */
  public static void apply(KubernetesClient client) throws TimeoutException {
    apply(
        client,
        new NamespaceBuilder()
            .withNewMetadata()
            .withName(Holdfast.SYSTEM_NAMESPACE)
            .endMetadata()
            .build());
    List<String> names = new ArrayList<>();
    for (String plural : Manifests.PLURALS) {
      // Not as Fabric8's own type, which drops the fields that it does not know.
      GenericKubernetesResource manifest =
          Serialization.unmarshal(Manifests.yaml(plural), GenericKubernetesResource.class);
      apply(client, manifest);
      names.add(manifest.getMetadata().getName());
    }
    for (String name : names) {
      await(client, name);
    }
  }

  private static void apply(KubernetesClient client, HasMetadata wanted) {
    client
        .resource(wanted)
        .patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .withFieldManager(FIELD_MANAGER)
                .withForce(true)
                .build());
  }

  private static void await(KubernetesClient client, String name) throws TimeoutException {
    try {
      client
          .apiextensions()
          .v1()
          .customResourceDefinitions()
          .withName(name)
          .waitUntilCondition(CustomResources::isEstablished, SECONDS, TimeUnit.SECONDS);
    } catch (KubernetesClientTimeoutException e) {
      TimeoutException timeout =
          new TimeoutException(
              "the kind "
                  + name
                  + " is not served after "
                  + SECONDS
                  + " s; its conditions say why: kubectl describe crd "
                  + name);
      timeout.initCause(e);
      throw timeout;
    }
  }

  private static boolean isEstablished(CustomResourceDefinition definition) {
    return definition != null
        && definition.getStatus() != null
        && definition.getStatus().getConditions() != null
        && definition.getStatus().getConditions().stream()
            .anyMatch(
                condition ->
                    condition.getType().equals("Established")
                        && condition.getStatus().equals("True"));
  }
}
