package dev.holdfast.operator.status;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes events (core/v1, which kubectl describe reads). One that says the same about the same
 * object is counted up instead of written again. An event that cannot be written is logged and
 * otherwise ignored: the conditions tell the same.
 */
public final class EventRecorder {
  private static final Logger LOG = LoggerFactory.getLogger(EventRecorder.class);
  private static final String COMPONENT = "holdfast-operator";

  // The API server allows 1024 characters in an event's message.
  private static final int LONGEST_MESSAGE = 1000;

  // Names end at 253 characters; 17 are needed for what makes the event unique.
  private static final int LONGEST_NAME = 236;

  private final KubernetesClient client;
  private final Clock clock;

  public EventRecorder(KubernetesClient client, Clock clock) {
    this.client = client;
    this.clock = clock;
  }

  public void record(HasMetadata object, List<EventDraft> drafts) {
    for (EventDraft draft : drafts) {
      LOG.info(
          "{} {}/{}: {}: {}",
          object.getKind(),
          object.getMetadata().getNamespace(),
          object.getMetadata().getName(),
          draft.reason(),
          draft.message());
      try {
        write(object, draft);
      } catch (KubernetesClientException e) {
        LOG.warn("cannot write the event {}: {}", draft.reason(), e.getMessage());
      }
    }
  }

  private void write(HasMetadata object, EventDraft draft) {
    Event event = event(object, draft);
    Resource<Event> resource = client.resource(event);
    try {
      resource.create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
      resource.edit(
          old ->
              new EventBuilder(old)
                  .withCount(old.getCount() == null ? 2 : old.getCount() + 1)
                  .withLastTimestamp(event.getLastTimestamp())
                  .build());
    }
  }

  private Event event(HasMetadata object, EventDraft draft) {
    String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
    String namespace = object.getMetadata().getNamespace();
    String message =
        draft.message().length() <= LONGEST_MESSAGE
            ? draft.message()
            : draft.message().substring(0, LONGEST_MESSAGE) + "...";
    return new EventBuilder()
        .withNewMetadata()
        .withName(name(object, draft))
        .withNamespace(namespace == null ? "default" : namespace)
        .endMetadata()
        .withType(draft.severity().text())
        .withReason(draft.reason())
        .withMessage(message)
        .withCount(1)
        .withFirstTimestamp(now)
        .withLastTimestamp(now)
        .withReportingComponent(COMPONENT)
        .withReportingInstance(COMPONENT)
        .withNewSource()
        .withComponent(COMPONENT)
        .endSource()
        .withNewInvolvedObject()
        .withApiVersion(object.getApiVersion())
        .withKind(object.getKind())
        .withName(object.getMetadata().getName())
        .withNamespace(namespace)
        .withUid(object.getMetadata().getUid())
        .endInvolvedObject()
        .build();
  }

  private static String name(HasMetadata object, EventDraft draft) {
    String content = object.getMetadata().getUid() + "/" + draft;
    String unique =
        UUID.nameUUIDFromBytes(content.getBytes(StandardCharsets.UTF_8))
            .toString()
            .replace("-", "")
            .substring(0, 16);
    String name = object.getMetadata().getName();
    return name.substring(0, Math.min(name.length(), LONGEST_NAME)) + "." + unique;
  }
}
