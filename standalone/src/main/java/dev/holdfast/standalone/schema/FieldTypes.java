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

  static FieldType ofResource(Schema root) {
    Map<String, FieldType> fields = new HashMap<>();
    root.properties().forEach((name, node) -> fields.put(name, of(node)));
    fields.put("apiVersion", STRING);
    fields.put("kind", STRING);
    fields.put("metadata", ObjectMeta.TYPE);
    return new Struct(fields, root.preserveUnknown() ? new FieldType.Deduced() : null, false);
  }

  static FieldType of(@Nullable Schema node) {
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

  private static FieldType object(Schema node) {
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
    return new Struct(fields, others, node.mapType().equals("atomic"));
  }

  private static FieldType array(Schema node) {
    Map<String, JsonNode> keyDefaults = new HashMap<>();
    Schema items = node.items();
    if (items != null) {
      for (String key : node.listMapKeys()) {
        Schema property = items.properties().get(key);
        if (property != null && property.defaultValue() != null) {
          keyDefaults.put(key, property.defaultValue());
        }
      }
    }
    Relationship relationship =
        node.isListMap() ? Relationship.MAP : node.isSet() ? Relationship.SET : Relationship.ATOMIC;
    return new Sequence(relationship, node.listMapKeys(), keyDefaults, of(items));
  }
}
