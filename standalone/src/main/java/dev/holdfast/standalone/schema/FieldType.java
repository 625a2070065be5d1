package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What field ownership needs to know of a schema node: how far several owners may share it. The
 * same distinctions as the schema of sigs.k8s.io/structured-merge-diff.
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
}
