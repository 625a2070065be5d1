package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What field ownership needs to know of a schema node: how far several owners may share it. The
 * same distinctions as the schema of sigs.k8s.io/structured-merge-diff; read from a schema as
 * schemaconv of kube-openapi does.
 */
public sealed interface FieldType {

  /** Which values a scalar may have. */
  enum ScalarKind {
    NUMERIC,
    STRING,
    BOOLEAN,
    UNTYPED
  }

  /** How the items of a list are told apart, {@code x-kubernetes-list-type}. */
  enum Relationship {
    ATOMIC,
    SET,
    MAP
  }

  /** A value with one owner (or several who agree). */
  record Scalar(ScalarKind kind) implements FieldType {}

  /**
   * An object.
   *
   * @param fields the known fields
   * @param others the type of all other fields; null where there may be none
   * @param atomic whether it is owned only as a whole
   */
  record Struct(Map<String, FieldType> fields, @Nullable FieldType others, boolean atomic)
      implements FieldType {
    public Struct {
      fields = Map.copyOf(fields);
    }

    /** The type of one field; {@link Deduced} where the schema has none. */
    public FieldType field(String name) {
      FieldType known = fields.get(name);
      if (known != null) {
        return known;
      }
      return others == null ? new Deduced() : others;
    }
  }

  /**
   * A list.
   *
   * @param keys the fields that identify an item of a {@link Relationship#MAP}, otherwise empty
   * @param keyDefaults what a key is taken for where an item lacks it
   */
  record Sequence(
      Relationship relationship,
      List<String> keys,
      Map<String, JsonNode> keyDefaults,
      FieldType item)
      implements FieldType {
    public Sequence {
      keys = List.copyOf(keys);
      keyDefaults = Map.copyOf(keyDefaults);
    }
  }

  /** Nothing is known: objects are granular, lists atomic, all else scalars. */
  record Deduced() implements FieldType {}

  /** The type of a resource, with the metadata that every object has. */
  static FieldType ofResource(Schema root) {
    Map<String, FieldType> fields = new HashMap<>();
    boolean open = root.preserveUnknown();
    root.properties().forEach((name, node) -> fields.put(name, of(node, open)));
    fields.put("apiVersion", new Scalar(ScalarKind.STRING));
    fields.put("kind", new Scalar(ScalarKind.STRING));
    fields.put("metadata", ObjectMeta.TYPE);
    return new Struct(fields, open ? new Deduced() : null, false);
  }

  /**
   * The type of one node.
   *
   * @param open whether unknown fields of something above it are preserved: then no field below is
   *     refused, although pruning takes it away later
   */
  static FieldType of(@Nullable Schema node, boolean open) {
    if (node == null || node.intOrString()) {
      return new Deduced();
    }
    return switch (node.type()) {
      case "object" -> object(node, open || node.preserveUnknown());
      case "array" -> array(node, open);
      case "integer", "number" -> new Scalar(ScalarKind.NUMERIC);
      case "string" -> new Scalar(ScalarKind.STRING);
      case "boolean" -> new Scalar(ScalarKind.BOOLEAN);
      default -> new Deduced();
    };
  }

  private static FieldType object(Schema node, boolean open) {
    Map<String, FieldType> fields = new HashMap<>();
    node.properties().forEach((name, child) -> fields.put(name, of(child, open)));
    FieldType others;
    if (node.additional() != null) {
      others = of(node.additional(), open);
    } else if (node.openEnded() || open || node.properties().isEmpty()) {
      others = new Deduced();
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
