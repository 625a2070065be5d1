package dev.holdfast.crds;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;

/** How Holdfast's parts speak to an API server. */
public final class Clients {
  /** As trees of maps, managed fields would be the larger part of most objects in caches. */
  @JsonIgnoreProperties("managedFields")
  private static final class WithoutManagedFields {}

  private Clients() {}

  /**
   * A client that neither reads nor writes managed fields: no part of Holdfast looks at them, and
   * an API server keeps them when a write says nothing of them.
   */
  public static KubernetesClient of(Config config) {
    ObjectMapper mapper = new ObjectMapper().addMixIn(ObjectMeta.class, WithoutManagedFields.class);
    return new KubernetesClientBuilder()
        .withConfig(config)
        .withKubernetesSerialization(new KubernetesSerialization(mapper, true))
        .build();
  }
}
