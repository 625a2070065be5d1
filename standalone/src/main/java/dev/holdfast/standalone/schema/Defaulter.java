package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Drops meaningless nulls, fills in defaults. After schema/defaulting of apiextensions. */
final class Defaulter {
  private Defaulter() {}

  static void apply(SchemaNode root, ObjectNode object) {
    cleanMetadata(object);
    dropNulls(root, object);
    fill(root, object);
  }

  static void fillOnly(SchemaNode root, ObjectNode object) {
    cleanMetadata(object);
    fill(root, object);
  }

  private static void cleanMetadata(ObjectNode object) {
    if (object.get("metadata") instanceof ObjectNode metadata) {
      // ObjectMeta omits what is empty, so that nulls and empty containers are lost in decoding.
      metadata.removeNulls();
      for (String name : List.of("labels", "annotations", "finalizers", "ownerReferences")) {
        if (metadata.has(name) && metadata.get(name).isEmpty()) {
          metadata.remove(name);
        }
      }
    }
  }

  private static void dropNulls(@Nullable SchemaNode schema, JsonNode value) {
    if (schema == null) {
      return;
    }
    if (value instanceof ObjectNode object) {
      List<String> toDrop = new ArrayList<>();
      object
          .properties()
          .forEach(
              field -> {
                SchemaNode child = schema.field(field.getKey());
                if (field.getValue().isNull()
                    && child != null
                    && !child.nullable()
                    && child.defaultValue() == null) {
                  toDrop.add(field.getKey());
                } else {
                  dropNulls(child, field.getValue());
                }
              });
      object.remove(toDrop);
    } else if (value.isArray()) {
      value.forEach(item -> dropNulls(schema.items(), item));
    }
  }

  private static void fill(@Nullable SchemaNode schema, JsonNode value) {
    if (schema == null) {
      return;
    }
    if (value instanceof ObjectNode object) {
      schema
          .properties()
          .forEach(
              (name, property) -> {
                JsonNode defaultValue = property.defaultValue();
                if (defaultValue != null
                    && (!object.has(name) || isMeaninglessNull(property, object.get(name)))) {
                  object.set(name, defaultValue.deepCopy());
                }
              });
      for (var field : object.properties()) {
        SchemaNode child = schema.field(field.getKey());
        if (child != null
            && child.defaultValue() != null
            && isMeaninglessNull(child, field.getValue())) {
          field.setValue(child.defaultValue().deepCopy());
        }
        fill(child, field.getValue());
      }
    } else if (value instanceof ArrayNode array) {
      SchemaNode items = schema.items();
      for (int i = 0; i < array.size(); i++) {
        if (items != null
            && items.defaultValue() != null
            && isMeaninglessNull(items, array.get(i))) {
          array.set(i, items.defaultValue().deepCopy());
        }
        fill(items, array.get(i));
      }
    }
  }

  private static boolean isMeaninglessNull(SchemaNode schema, @Nullable JsonNode value) {
    return value != null && value.isNull() && !schema.nullable();
  }
}
