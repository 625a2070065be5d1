package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What field ownership needs to know of a schema node: how far owners may share it. */
public sealed interface FieldType {

  /** A scalar, or an atomic list or map: one owner for the whole value. */
  record Leaf() implements FieldType {}

  /** An object with known fields, each with owners of its own. */
  record Struct(Map<String, FieldType> fields, @Nullable FieldType others) implements FieldType {
    public Struct {
      fields = Map.copyOf(fields);
    }
  }

  /** A list whose items are identified by the values of {@code keys}. */
  record ListMap(List<String> keys, Map<String, JsonNode> keyDefaults, FieldType item)
      implements FieldType {
    public ListMap {
      keys = List.copyOf(keys);
      keyDefaults = Map.copyOf(keyDefaults);
    }
  }

  /** A list of distinct scalars, each with owners of its own. */
  record ListSet() implements FieldType {}

  /** Nothing is known: objects are granular, lists atomic, scalars leaves. */
  record Deduced() implements FieldType {}
}
