package dev.holdfast.standalone.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.DeleteOptions;
import dev.holdfast.standalone.resource.DeleteOptions.Propagation;
import dev.holdfast.standalone.resource.Metadata;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.StoredObject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;

/** Forgets events an hour after they were last written, as kube-apiserver does by default. */
final class EventExpiry {
  private static final Duration TIME_TO_LIVE = Duration.ofHours(1);

  private final ResourceWriter writer;
  private final Clock clock;

  EventExpiry(ResourceWriter writer, Clock clock) {
    this.writer = writer;
    this.clock = clock;
  }

  /** Deletes the events of a resource that are old enough now. */
  void expire(ResourceType events) {
    Instant oldest = clock.instant().minus(TIME_TO_LIVE);
    for (StoredObject stored : writer.store().list(events.range("")).objects()) {
      ObjectNode event = Json.trusted(stored.json());
      if (time(event, "metadata", "creationTimestamp").isBefore(oldest)
          && time(event, "lastTimestamp").isBefore(oldest)) {
        writer.deleteIfThere(
            Target.of(events, stored.key()),
            DeleteOptions.of(Propagation.BACKGROUND, Metadata.uid(event)));
      }
    }
  }

  private static Instant time(ObjectNode event, String... path) {
    try {
      return Instant.parse(Json.textAt(event, path));
    } catch (DateTimeParseException e) {
      return Instant.EPOCH;
    }
  }
}
