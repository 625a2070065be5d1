package dev.holdfast.operator.status;

import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.ObjectPatch;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Writes to the API server, and only where something changes. */
public final class ObjectWriter {
  private final KubernetesClient client;

  public ObjectWriter(KubernetesClient client) {
    this.client = client;
  }

  /**
   * Changes some fields of a spec.
   *
   * @param fields of the spec, by name
   * @return what the server made of it
   */
  public <T extends CustomResource<?, ?>> T changeSpec(T object, Map<String, ?> fields) {
    return client
        .resource(object)
        .patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.JSON_MERGE)
                .withFieldManager(Holdfast.OPERATOR_FIELD_MANAGER)
                .build(),
            client.getKubernetesSerialization().asJson(Map.of("spec", fields)));
  }

  /** Deletes an object unless that was asked for already. */
  public void deleteOnce(CustomResource<?, ?> object) {
    if (!isTerminating(object)) {
      client
          .resources(object.getClass())
          .inNamespace(object.getMetadata().getNamespace())
          .withName(object.getMetadata().getName())
          .delete();
    }
  }

  /**
   * Deletes an object and takes away the finalizer of the node agent, which cannot undo it any more
   * or need not.
   *
   * @throws KubernetesClientException with HTTP code 409 if the object has changed since it was
   *     read
   */
  public void release(CustomResource<?, ?> object) {
    if (!isTerminating(object)) {
      client
          .resource(object)
          .lockResourceVersion(object.getMetadata().getResourceVersion())
          .delete();
    }
    Optional<List<Map<String, Object>>> removal = ObjectPatch.withoutAgentFinalizer(object);
    if (removal.isEmpty()) {
      return;
    }
    String patch = client.getKubernetesSerialization().asJson(removal.get());
    try {
      client
          .resource(object)
          .patch(
              new PatchContext.Builder()
                  .withPatchType(PatchType.JSON)
                  .withFieldManager(Holdfast.OPERATOR_FIELD_MANAGER)
                  .build(),
              patch);
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
        throw e;
      }
    }
  }

  /**
   * Writes the status of the object that is being reconciled, unless it has it already.
   *
   * @param empty a new object of the kind
   * @return whether it was written
   */
  public static <S, P extends CustomResource<?, S>> boolean writeStatus(
      P object, P empty, S status, Context<P> context) {
    if (Objects.equals(status, object.getStatus())) {
      return false;
    }
    P fresh = identify(empty, object);
    fresh.setStatus(status);
    PrimaryUpdateAndCacheUtils.ssaPatchStatusAndCacheResource(object, fresh, context);
    return true;
  }

  /** Gives an empty object the identity of another one, as server-side apply of a status needs. */
  public static <T extends HasMetadata> T identify(T empty, T like) {
    empty.setMetadata(
        new ObjectMetaBuilder()
            .withName(like.getMetadata().getName())
            .withNamespace(like.getMetadata().getNamespace())
            .build());
    return empty;
  }
}
