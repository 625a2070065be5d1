package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.schema.FieldType.Relationship;
import dev.holdfast.standalone.schema.FieldType.Scalar;
import dev.holdfast.standalone.schema.FieldType.ScalarKind;
import dev.holdfast.standalone.schema.FieldType.Sequence;
import dev.holdfast.standalone.schema.FieldType.Struct;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Turns a schema into what field ownership needs, after schemaconv of kube-openapi, with the
 * metadata that every object has.
 */
final class FieldTypes {
  private static final FieldType STRING = new Scalar(ScalarKind.STRING);
  private static final FieldType NUMBER = new Scalar(ScalarKind.NUMERIC);

  private FieldTypes() {}

  static FieldType ofResource(SchemaNode root) {
    Map<String, FieldType> fields = new HashMap<>();
    root.properties().forEach((name, node) -> fields.put(name, of(node)));
    fields.put("apiVersion", STRING);
    fields.put("kind", STRING);
    fields.put("metadata", ObjectMeta.TYPE);
    return new Struct(fields, root.preserveUnknown() ? new FieldType.Deduced() : null, false);
  }

  static FieldType of(@Nullable SchemaNode node) {
    if (node == null || node.intOrString()) {
      return new FieldType.Deduced();
    }
    return switch (node.type()) {
      case "object" -> object(node);
      case "array" -> array(node);
      case "integer", "number" -> NUMBER;
      case "string" -> STRING;
      case "boolean" -> new Scalar(ScalarKind.BOOLEAN);
      default -> new FieldType.Deduced();
    };
  }

  private static FieldType object(SchemaNode node) {
    Map<String, FieldType> fields = new HashMap<>();
    node.properties().forEach((name, child) -> fields.put(name, of(child)));
    FieldType others;
    if (node.additional() != null) {
      others = of(node.additional());
    } else if (node.openEnded() || node.preserveUnknown() || node.properties().isEmpty()) {
      others = new FieldType.Deduced();
    } else {
      others = null;
    }
    return new Struct(fields, others, node.atomicMap());
  }

  private static FieldType array(SchemaNode node) {
    Relationship relationship =
        switch (node.listType()) {
          case ATOMIC -> Relationship.ATOMIC;
          case SET -> Relationship.SET;
          case MAP -> Relationship.MAP;
        };
    Map<String, JsonNode> keyDefaults = new HashMap<>();
    SchemaNode items = node.items();
    if (items != null) {
      for (String key : node.listMapKeys()) {
        SchemaNode property = items.properties().get(key);
        if (property != null && property.defaultValue() != null) {
          keyDefaults.put(key, property.defaultValue());
        }
      }
    }
    return new Sequence(relationship, node.listMapKeys(), keyDefaults, of(items));
  }
}
