package dev.holdfast.node.agent.status;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.ObjectPatch;
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
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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

  /** HTTP's code for a patch whose test fails, and for what the schema refuses. */
  private static final int UNPROCESSABLE = 422;

  private static final PatchContext JSON_PATCH =
      new PatchContext.Builder()
          .withPatchType(PatchType.JSON)
          .withFieldManager(Holdfast.NODE_AGENT_FIELD_MANAGER)
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
   * Writes the status of an object unless it has it already. An object of the same name that was
   * made since, maybe for another node, is not written to: applying a status would not look at its
   * uid, a JSON patch can.
   *
   * @return whether it was written; not when the object is gone
   */
  public <S, T extends CustomResource<?, S>> boolean writeStatus(T object, S status) {
    if (Objects.equals(status(object), status)) {
      return false;
    }
    String patch =
        client
            .getKubernetesSerialization()
            .asJson(
                List.of(
                    ObjectPatch.isStill(object),
                    Map.of("op", "add", "path", "/status", "value", status)));
    try {
      T answer = client.resource(object).subresource("status").patch(JSON_PATCH, patch);
      written.put(object.getMetadata().getUid(), answer);
      return true;
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND || wasReplaced(object, e)) {
        return false;
      }
      throw e;
    }
  }

  private boolean wasReplaced(HasMetadata object, KubernetesClientException failure) {
    if (failure.getCode() != UNPROCESSABLE) {
      return false;
    }
    HasMetadata now = client.resource(object).get();
    return now == null || !now.getMetadata().getUid().equals(object.getMetadata().getUid());
  }

  /** Lets go of an object that was deleted and of which nothing is left on the host. */
  public void removeFinalizer(HasMetadata object) {
    written.remove(object.getMetadata().getUid());
    Optional<List<Map<String, Object>>> removal = ObjectPatch.withoutAgentFinalizer(object);
    if (removal.isEmpty()) {
      return;
    }
    String patch = client.getKubernetesSerialization().asJson(removal.get());
    try {
      client.resource(object).patch(JSON_PATCH, patch);
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND && !wasReplaced(object, e)) {
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
