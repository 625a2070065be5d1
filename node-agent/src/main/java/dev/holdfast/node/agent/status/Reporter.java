package dev.holdfast.node.agent.status;

import dev.holdfast.crds.Holdfast;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes statuses, finalizers and events of this node's objects. Nothing is written when nothing
 * changed.
 */
public final class Reporter {
  private static final Logger LOG = LoggerFactory.getLogger(Reporter.class);
  private static final PatchContext APPLY =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager(Holdfast.NODE_AGENT_FIELD_MANAGER)
          .withForce(true)
          .build();

  /** How loud an event is. */
  public enum Severity {
    NORMAL("Normal"),
    WARNING("Warning");

    private final String type;

    Severity(String type) {
      this.type = type;
    }
  }

  private final KubernetesClient client;
  private final String nodeName;
  private final Clock clock;

  /** What the API server answered to the last write of an object's status; by UID. */
  private final Map<String, CustomResource<?, ?>> written = new ConcurrentHashMap<>();

  public Reporter(KubernetesClient client, String nodeName, Clock clock) {
    this.client = client;
    this.nodeName = nodeName;
    this.clock = clock;
  }

  /**
   * The status of an object. The informers learn only later of what was written here, and what is
   * taken for news twice is told twice.
   */
  @SuppressWarnings("unchecked") // An object never becomes one of another kind.
  public <S, T extends CustomResource<?, S>> @Nullable S status(T object) {
    String uid = object.getMetadata().getUid();
    CustomResource<?, ?> last = written.get(uid);
    if (last == null) {
      return object.getStatus();
    }
    if (version(last) > version(object)) {
      return (S) last.getStatus();
    }
    written.remove(uid, last);
    return object.getStatus();
  }

  /** Versions of one object are numbers that grow (Kubernetes API concepts, Resource versions). */
  private static long version(HasMetadata object) {
    return Long.parseLong(object.getMetadata().getResourceVersion());
  }

  /**
   * Writes the status of an object unless it has it already.
   *
   * @return whether it was written; not when the object is gone
   */
  public <S, T extends CustomResource<?, S>> boolean writeStatus(T object, S status) {
    if (Objects.equals(status(object), status)) {
      return false;
    }
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("name", object.getMetadata().getName());
    if (object.getMetadata().getNamespace() != null) {
      metadata.put("namespace", object.getMetadata().getNamespace());
    }
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("apiVersion", object.getApiVersion());
    body.put("kind", object.getKind());
    body.put("metadata", metadata);
    body.put("status", status);
    try {
      T answer =
          client
              .resource(object)
              .subresource("status")
              .patch(APPLY, client.getKubernetesSerialization().asJson(body));
      written.put(object.getMetadata().getUid(), answer);
      return true;
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  /** Lets go of an object that was deleted and of which nothing is left on the host. */
  public void removeFinalizer(HasMetadata object) {
    written.remove(object.getMetadata().getUid());
    List<String> finalizers = object.getMetadata().getFinalizers();
    int index = finalizers.indexOf(Holdfast.NODE_AGENT_FINALIZER);
    if (index < 0) {
      return;
    }
    // The test makes sure that nobody else's finalizer is removed if the list has changed in the
    // meantime.
    String path = "/metadata/finalizers/" + index;
    String patch =
        client
            .getKubernetesSerialization()
            .asJson(
                List.of(
                    Map.of("op", "test", "path", path, "value", Holdfast.NODE_AGENT_FINALIZER),
                    Map.of("op", "remove", "path", path)));
    try {
      client
          .resource(object)
          .patch(
              new PatchContext.Builder()
                  .withPatchType(PatchType.JSON)
                  .withFieldManager(Holdfast.NODE_AGENT_FIELD_MANAGER)
                  .build(),
              patch);
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
        throw e;
      }
    }
  }

  /**
   * Tells people about something that happened to an object. It is told of the owner, such as the
   * VirtualMachine of an instance, because that is what people look at.
   *
   * @param reason in CamelCase
   */
  public void event(HasMetadata object, Severity severity, String reason, String message) {
    Thread.ofVirtual().start(() -> send(object, severity, reason, message));
  }

  private void send(HasMetadata object, Severity severity, String reason, String message) {
    String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    ObjectReference about = subject(object);
    try {
      client
          .resource(
              new EventBuilder()
                  .withNewMetadata()
                  .withName(about.getName() + "." + UUID.randomUUID().toString().substring(0, 13))
                  .withNamespace(about.getNamespace() == null ? "default" : about.getNamespace())
                  .endMetadata()
                  .withInvolvedObject(about)
                  .withType(severity.type)
                  .withReason(reason)
                  .withMessage(
                      message.length() <= 1024 ? message : message.substring(0, 1020) + " ...")
                  .withFirstTimestamp(now)
                  .withLastTimestamp(now)
                  .withCount(1)
                  .withReportingComponent(Holdfast.NODE_AGENT_FIELD_MANAGER)
                  .withReportingInstance(nodeName)
                  .withNewSource(Holdfast.NODE_AGENT_FIELD_MANAGER, nodeName)
                  .build())
          .create();
    } catch (KubernetesClientException | IllegalStateException e) {
      // The client says IllegalStateException once it is closed.
      LOG.warn("cannot write the event {} of {}: {}", reason, about.getName(), e.getMessage());
    }
  }

  private static ObjectReference subject(HasMetadata object) {
    @Nullable OwnerReference owner =
        new ArrayList<>(object.getMetadata().getOwnerReferences())
            .stream().findFirst().orElse(null);
    return new ObjectReferenceBuilder()
        .withApiVersion(owner == null ? object.getApiVersion() : owner.getApiVersion())
        .withKind(owner == null ? object.getKind() : owner.getKind())
        .withName(owner == null ? object.getMetadata().getName() : owner.getName())
        .withUid(owner == null ? object.getMetadata().getUid() : owner.getUid())
        .withNamespace(object.getMetadata().getNamespace())
        .build();
  }
}
