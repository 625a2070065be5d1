package dev.holdfast.standalone.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** JSON merge patch, RFC 7386, with the nulls of gopkg.in/evanphx/json-patch.v4. */
final class MergePatch {
  private MergePatch() {}

  static ObjectNode apply(ObjectNode live, ObjectNode patch) {
    ObjectNode result = live.deepCopy();
    merge(result, patch);
    return result;
  }

  private static void merge(ObjectNode object, ObjectNode patch) {
    patch
        .properties()
        .forEach(
            change -> {
              String name = change.getKey();
              JsonNode value = change.getValue();
              JsonNode before = object.get(name);
              if (value.isNull()) {
                object.remove(name);
              } else if (before instanceof ObjectNode below && value instanceof ObjectNode more) {
                merge(below, more);
              } else {
                JsonNode copy = value.deepCopy();
                object.set(name, before instanceof ObjectNode ? copy : withoutNulls(copy));
              }
            });
  }

  /** In lists too, unlike the RFC. */
  private static JsonNode withoutNulls(JsonNode value) {
    if (value instanceof ObjectNode object) {
      object.properties().removeIf(field -> field.getValue().isNull());
    }
    value.forEach(MergePatch::withoutNulls);
    return value;
  }
}
