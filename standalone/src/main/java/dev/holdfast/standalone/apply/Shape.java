package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.schema.FieldType;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What the walkers share: the type that holds for a value, and the identity of list items. */
final class Shape {
  private static final FieldType DEDUCED_SCALAR =
      new FieldType.Scalar(FieldType.ScalarKind.UNTYPED);
  private static final FieldType DEDUCED_LIST =
      new FieldType.Sequence(
          FieldType.Relationship.ATOMIC, List.of(), Map.of(), new FieldType.Deduced());
  private static final FieldType DEDUCED_OBJECT =
      new FieldType.Struct(Map.of(), new FieldType.Deduced(), false);

  private Shape() {}

  /** The type to walk a value with; never {@link FieldType.Deduced}. */
  static FieldType of(FieldType type, @Nullable JsonNode value) {
    if (!(type instanceof FieldType.Deduced)) {
      return type;
    }
    if (value == null || value.isNull() || value.isObject()) {
      return DEDUCED_OBJECT;
    }
    return value.isArray() ? DEDUCED_LIST : DEDUCED_SCALAR;
  }

  /**
   * The identity of an item of a set or map list.
   *
   * @throws InvalidConfigurationException if the item has none
   */
  static PathElement element(FieldType.Sequence type, JsonNode item) {
    return type.relationship() == FieldType.Relationship.MAP ? keyed(type, item) : value(item);
  }

  private static PathElement keyed(FieldType.Sequence type, JsonNode item) {
    if (!item.isObject()) {
      throw new InvalidConfigurationException(
          "associative list with keys may not have "
              + (item.isNull() ? "a null element" : "non-map elements"));
    }
    SortedMap<String, JsonNode> values = new TreeMap<>();
    for (String key : type.keys()) {
      JsonNode value = item.has(key) ? item.get(key) : type.keyDefaults().get(key);
      if (value != null) {
        values.put(key, value);
      }
    }
    if (values.isEmpty()) {
      throw new InvalidConfigurationException(
          "associative list with keys has an element that omits all key fields "
              + type.keys()
              + " (and doesn't have default values for any key fields)");
    }
    return new PathElement.Key(values);
  }

  private static PathElement value(JsonNode item) {
    if (item.isContainerNode() || item.isNull()) {
      throw new InvalidConfigurationException(
          "associative list without keys has an element that's "
              + (item.isNull() ? "an explicit null" : item.isObject() ? "a map type" : "a list"));
    }
    return new PathElement.Value(item);
  }

  /** The value as an object; null where it is absent or something else. */
  static @Nullable JsonNode object(@Nullable JsonNode value) {
    return value != null && value.isObject() ? value : null;
  }

  /** The value as an array; null where it is absent or something else. */
  static @Nullable JsonNode array(@Nullable JsonNode value) {
    return value != null && value.isArray() ? value : null;
  }

  static boolean isEmpty(@Nullable JsonNode container) {
    return container == null || container.isEmpty();
  }
}
