package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.JsonValues;
import org.jspecify.annotations.Nullable;

/**
 * A value and the one it replaces. After pkg/cel/common/equality.go of apiserver: fields correlate
 * by name, items of list maps by key, items of other lists not at all.
 */
record Correlation(JsonNode value, JsonNode old, SchemaNode schema) {

  /** Whether nothing changed, so that what was wrong before may stay. */
  boolean unchanged() {
    return JsonValues.equal(value, old);
  }

  @Nullable Correlation field(String name) {
    SchemaNode child = schema.field(name);
    JsonNode now = value.get(name);
    JsonNode before = old.get(name);
    if (child == null || now == null || before == null || !value.isObject() || !old.isObject()) {
      return null;
    }
    return new Correlation(now, before, child);
  }

  @Nullable Correlation item(int index) {
    if (!value.isArray() || !old.isArray() || schema.items() == null) {
      return null;
    }
    JsonNode now = value.get(index);
    JsonNode before = oldItem(schema, old, now);
    return before == null ? null : new Correlation(now, before, schema.items());
  }

  /** The item of a list map that has the same keys; null in any other list. */
  static @Nullable JsonNode oldItem(SchemaNode list, JsonNode old, JsonNode item) {
    if (list.listType() != SchemaNode.ListType.MAP || !item.isObject()) {
      return null;
    }
    for (JsonNode candidate : old) {
      boolean same =
          list.listMapKeys().stream()
              .allMatch(key -> JsonValues.equal(candidate.get(key), item.get(key)));
      if (same) {
        return candidate;
      }
    }
    return null;
  }
}
