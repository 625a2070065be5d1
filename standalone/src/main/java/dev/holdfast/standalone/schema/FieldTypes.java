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
    boolean open = root.preserveUnknown();
    root.properties().forEach((name, node) -> fields.put(name, of(node, open)));
    fields.put("apiVersion", STRING);
    fields.put("kind", STRING);
    fields.put("metadata", ObjectMeta.TYPE);
    return new Struct(fields, open ? new FieldType.Deduced() : null, false);
  }

  /**
   * The type of one node.
   *
   * @param open whether unknown fields of something above it are preserved: then no field below is
   *     refused, although pruning takes it away later
   */
  static FieldType of(@Nullable Schema node, boolean open) {
    if (node == null || node.intOrString()) {
      return new FieldType.Deduced();
    }
    return switch (node.type()) {
      case "object" -> object(node, open || node.preserveUnknown());
      case "array" -> array(node, open);
      case "integer", "number" -> NUMBER;
      case "string" -> STRING;
      case "boolean" -> new Scalar(ScalarKind.BOOLEAN);
      default -> new FieldType.Deduced();
    };
  }

  private static FieldType object(Schema node, boolean open) {
    Map<String, FieldType> fields = new HashMap<>();
    node.properties().forEach((name, child) -> fields.put(name, of(child, open)));
    FieldType others;
    if (node.additional() != null) {
      others = of(node.additional(), open);
    } else if (node.openEnded() || open || node.properties().isEmpty()) {
      others = new FieldType.Deduced();
    } else {
      others = null;
    }
    return new Struct(fields, others, node.mapType().equals("atomic"));
  }

  private static FieldType array(Schema node, boolean open) {
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
    return new Sequence(relationship, node.listMapKeys(), keyDefaults, of(items, open));
  }
}
