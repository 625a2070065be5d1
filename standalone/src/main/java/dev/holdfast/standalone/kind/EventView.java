package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/** Events are stored as core/v1; this is how events.k8s.io/v1 names the same fields. */
final class EventView implements View {
  private static final Map<String, String> SERVED_NAMES =
      Map.of(
          "involvedObject", "regarding",
          "message", "note",
          "source", "deprecatedSource",
          "firstTimestamp", "deprecatedFirstTimestamp",
          "lastTimestamp", "deprecatedLastTimestamp",
          "count", "deprecatedCount",
          "reportingComponent", "reportingController");

  @Override
  public void toServed(ObjectNode stored) {
    SERVED_NAMES.forEach((from, to) -> rename(stored, from, to));
    stored.put("apiVersion", "events.k8s.io/v1");
  }

  @Override
  public void toStored(ObjectNode served) {
    SERVED_NAMES.forEach((to, from) -> rename(served, from, to));
    served.put("apiVersion", "v1");
  }

  private static void rename(ObjectNode object, String from, String to) {
    JsonNode value = object.remove(from);
    if (value != null) {
      object.set(to, value);
    }
  }
}
