package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One node of a structural schema.
 *
 * @param type the JSON type, or empty where any is allowed
 * @param defaultValue what is filled in where the field is absent
 * @param additional the schema of fields that are not in {@code properties}; null where there are
 *     none
 * @param openEnded {@code additionalProperties: true}
 * @param items the schema of the items of an array
 * @param rules {@code x-kubernetes-validations}
 * @param values what a value must satisfy beyond its type
 */
record SchemaNode(
    String type,
    boolean intOrString,
    boolean preserveUnknown,
    boolean embedded,
    boolean nullable,
    @Nullable JsonNode defaultValue,
    Map<String, SchemaNode> properties,
    @Nullable SchemaNode additional,
    boolean openEnded,
    @Nullable SchemaNode items,
    ListType listType,
    List<String> listMapKeys,
    boolean atomicMap,
    List<ValidationRule> rules,
    ValueConstraints values) {

  /** {@code x-kubernetes-list-type}; an array without it is atomic. */
  enum ListType {
    ATOMIC,
    SET,
    MAP
  }

  /** A node that allows everything, as under a field that is preserved without a schema. */
  static final SchemaNode ANYTHING =
      new SchemaNode(
          "",
          false,
          true,
          false,
          true,
          null,
          Map.of(),
          null,
          false,
          null,
          ListType.ATOMIC,
          List.of(),
          false,
          List.of(),
          ValueConstraints.NONE);

  static SchemaNode ofType(String type, Map<String, SchemaNode> properties) {
    return new SchemaNode(
        type,
        false,
        false,
        false,
        false,
        null,
        properties,
        null,
        false,
        null,
        ListType.ATOMIC,
        List.of(),
        false,
        List.of(),
        ValueConstraints.NONE);
  }

  SchemaNode withProperties(Map<String, SchemaNode> newProperties) {
    return new SchemaNode(
        type,
        intOrString,
        preserveUnknown,
        embedded,
        nullable,
        defaultValue,
        Map.copyOf(newProperties),
        additional,
        openEnded,
        items,
        listType,
        listMapKeys,
        atomicMap,
        rules,
        values);
  }

  boolean isObject() {
    return type.equals("object");
  }

  /** The schema of a field; null where it has none. */
  @Nullable SchemaNode field(String name) {
    SchemaNode property = properties.get(name);
    return property != null ? property : additional;
  }

  Stream<SchemaNode> children() {
    return Stream.concat(
        properties.values().stream(),
        Stream.concat(Stream.ofNullable(additional), Stream.ofNullable(items)));
  }

  boolean hasRules() {
    return !rules.isEmpty()
        || children().anyMatch(SchemaNode::hasRules)
        || values.allOf().stream().anyMatch(SchemaNode::hasRules);
  }
}
