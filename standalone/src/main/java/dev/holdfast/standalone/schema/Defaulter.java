package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * Fills in defaults, and drops meaningless nulls where asked to. After schema/defaulting of
 * apiextensions.
 */
record Defaulter(boolean dropsNulls) {

  void fill(@Nullable Schema schema, JsonNode value) {
    if (schema == null) {
      return;
    }
    if (value instanceof ObjectNode object) {
      schema
          .properties()
          .forEach(
              (name, property) -> {
                if (property.defaultValue() != null && !object.has(name)) {
                  object.set(name, property.defaultValue().deepCopy());
                }
              });
      object
          .properties()
          .removeIf(
              field -> {
                Schema child = schema.field(field.getKey());
                field.setValue(orDefault(child, field.getValue()));
                fill(child, field.getValue());
                return dropsNulls && isMeaninglessNull(child, field.getValue());
              });
    } else if (value instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        array.set(i, orDefault(schema.items(), array.get(i)));
        fill(schema.items(), array.get(i));
      }
    }
  }

  private static JsonNode orDefault(@Nullable Schema schema, JsonNode value) {
    return schema != null && schema.defaultValue() != null && isMeaninglessNull(schema, value)
        ? schema.defaultValue().deepCopy()
        : value;
  }

  private static boolean isMeaninglessNull(@Nullable Schema schema, JsonNode value) {
    return schema != null && value.isNull() && !schema.nullable();
  }
}
