package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.schema.SchemaNode.ListType;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a structural schema may not do. After ValidateStructural and
 * ValidateCustomResourceDefinitionOpenAPISchema of apiextensions.
 */
final class SchemaRules {
  private enum Level {
    ROOT,
    FIELD,
    ITEM
  }

  private final List<FieldError> errors = new ArrayList<>();

  private SchemaRules() {}

  static List<FieldError> check(SchemaNode root, FieldPath path) {
    SchemaRules rules = new SchemaRules();
    rules.visit(root, path, Level.ROOT);
    return rules.errors;
  }

  private void visit(SchemaNode node, FieldPath path, Level level) {
    checkType(node, path, level);
    if (node.embedded() && !node.isObject()) {
      errors.add(
          path.child("type").required("must be object if x-kubernetes-embedded-resource is true"));
    }
    if (node.intOrString() && node.preserveUnknown()) {
      errors.add(
          path.child("x-kubernetes-preserve-unknown-fields")
              .invalid(true, "must be false if x-kubernetes-int-or-string is true"));
    }
    if (level == Level.ROOT && (node.additional() != null || node.openEnded())) {
      errors.add(path.child("additionalProperties").forbidden("must not be used at the root"));
    }
    checkList(node, path);
    checkDefault(node, path);
    checkJunctors(node, path);
    for (int i = 0; i < node.rules().size(); i++) {
      String fieldPath = node.rules().get(i).fieldPath();
      if (!fieldPath.isEmpty() && RuleFieldPath.resolve(node, fieldPath) == null) {
        errors.add(
            path.child("x-kubernetes-validations")
                .index(i)
                .child("fieldPath")
                .invalid(fieldPath, "must be a valid path"));
      }
    }
    node.properties()
        .forEach(
            (name, child) -> {
              FieldPath place = path.child("properties").key(name);
              if (level == Level.ROOT && name.equals("metadata")) {
                checkMetadata(child, place);
              } else if (level == Level.ROOT
                  && (name.equals("kind") || name.equals("apiVersion"))
                  && !child.type().equals("string")) {
                errors.add(place.child("type").invalid(child.type(), "must be string"));
              } else {
                visit(child, place, Level.FIELD);
              }
            });
    if (node.additional() != null) {
      visit(node.additional(), path.child("additionalProperties"), Level.FIELD);
    }
    if (node.items() != null) {
      visit(node.items(), path.child("items"), Level.ITEM);
    }
  }

  private void checkType(SchemaNode node, FieldPath path, Level level) {
    FieldPath place = path.child("type");
    if (node.type().isEmpty()) {
      if (!node.intOrString() && !node.preserveUnknown()) {
        errors.add(
            place.required(
                switch (level) {
                  case ROOT -> "must not be empty at the root";
                  case FIELD -> "must not be empty for specified object fields";
                  case ITEM -> "must not be empty for specified array items";
                }));
      }
    } else if (level == Level.ROOT && !node.isObject()) {
      errors.add(place.invalid(node.type(), "must be object at the root"));
    }
  }

  private void checkMetadata(SchemaNode metadata, FieldPath path) {
    if (!metadata.isObject()) {
      errors.add(path.child("type").invalid(metadata.type(), "must be object"));
    }
    if (metadata.defaultValue() != null) {
      errors.add(path.child("default").forbidden("must not be set in top-level metadata"));
    }
    if (!Set.of("name", "generateName").containsAll(metadata.properties().keySet())
        || metadata.additional() != null
        || metadata.preserveUnknown()
        || !metadata.values().required().isEmpty()) {
      errors.add(
          path.forbidden(
              "must not specify anything other than name and generateName, but metadata is"
                  + " implicitly specified"));
    }
  }

  private void checkList(SchemaNode node, FieldPath path) {
    SchemaNode items = node.items();
    if (node.type().equals("array") && items == null) {
      errors.add(path.child("items").required("must be specified"));
    }
    if (!node.listMapKeys().isEmpty() && node.listType() != ListType.MAP) {
      errors.add(
          path.child("x-kubernetes-list-type")
              .required("must be map if x-kubernetes-list-map-keys is non-empty"));
    }
    if (items == null || node.listType() == ListType.ATOMIC) {
      return;
    }
    if (items.nullable()) {
      errors.add(
          path.child("items")
              .child("nullable")
              .forbidden(
                  "cannot be nullable when x-kubernetes-list-type is "
                      + (node.listType() == ListType.SET ? "set" : "map")));
    }
    if (node.listType() == ListType.MAP) {
      checkListMap(node, items, path);
    } else if (items.isObject() && !items.atomicMap()) {
      errors.add(
          path.child("items")
              .child("x-kubernetes-map-type")
              .invalid("", "must be atomic as item of a list with x-kubernetes-list-type=set"));
    } else if (items.type().equals("array") && items.listType() != ListType.ATOMIC) {
      errors.add(
          path.child("items")
              .child("x-kubernetes-list-type")
              .invalid("", "must be atomic as item of a list with x-kubernetes-list-type=set"));
    }
  }

  private void checkListMap(SchemaNode node, SchemaNode items, FieldPath path) {
    FieldPath keysPath = path.child("x-kubernetes-list-map-keys");
    if (node.listMapKeys().isEmpty()) {
      errors.add(keysPath.required("must not be empty if x-kubernetes-list-type is map"));
    }
    if (!items.isObject()) {
      errors.add(
          path.child("items")
              .child("type")
              .invalid(
                  items.type(), "must be object if parent array's x-kubernetes-list-type is map"));
      return;
    }
    Set<String> seen = new HashSet<>();
    for (String key : node.listMapKeys()) {
      SchemaNode property = items.properties().get(key);
      FieldPath place = path.child("items").child("properties").key(key);
      if (property == null) {
        errors.add(
            keysPath.invalid(node.listMapKeys(), "entries must all be names of item properties"));
      } else {
        if (property.isObject() || property.type().equals("array")) {
          errors.add(
              place
                  .child("type")
                  .invalid(
                      property.type(),
                      "must be a scalar type if parent array's x-kubernetes-list-type is map"));
        }
        if (property.defaultValue() == null && !items.values().required().contains(key)) {
          errors.add(
              place
                  .child("default")
                  .required(
                      "this property is in x-kubernetes-list-map-keys, so it must have a default or"
                          + " be a required property"));
        }
        if (property.nullable()) {
          errors.add(
              place
                  .child("nullable")
                  .forbidden(
                      "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"));
        }
      }
      if (!seen.add(key)) {
        errors.add(keysPath.invalid(node.listMapKeys(), "must not contain duplicate entries"));
      }
    }
  }

  private void checkDefault(SchemaNode node, FieldPath path) {
    JsonNode defaultValue = node.defaultValue();
    if (defaultValue == null) {
      return;
    }
    JsonNode filled = defaultValue.deepCopy();
    if (filled instanceof ObjectNode object) {
      List<String> unknown = Pruner.prune(node, object);
      if (!unknown.isEmpty()) {
        errors.add(path.child("default").invalid(defaultValue, "must not have unknown fields"));
      }
      Defaulter.apply(node, object);
    }
    errors.addAll(ValueValidator.validate(node, filled, path.child("default")));
  }

  /** Below a junctor there may be values only: a type or a default there would be ambiguous. */
  private void checkJunctors(SchemaNode node, FieldPath path) {
    ValueConstraints values = node.values();
    checkNested(values.allOf(), path.child("allOf"), node.intOrString());
    checkNested(values.anyOf(), path.child("anyOf"), node.intOrString());
    checkNested(values.oneOf(), path.child("oneOf"), false);
    if (values.not() != null) {
      checkNested(values.not(), path.child("not"), false);
    }
  }

  private void checkNested(List<SchemaNode> nodes, FieldPath path, boolean typesAllowed) {
    for (int i = 0; i < nodes.size(); i++) {
      checkNested(nodes.get(i), path.index(i), typesAllowed);
    }
  }

  private void checkNested(@Nullable SchemaNode node, FieldPath path, boolean typesAllowed) {
    if (node == null) {
      return;
    }
    if (!node.type().isEmpty() && !typesAllowed) {
      errors.add(path.child("type").forbidden("must be empty to be structural"));
    }
    if (node.defaultValue() != null) {
      errors.add(path.child("default").forbidden("must be undefined to be structural"));
    }
    if (node.nullable()) {
      errors.add(path.child("nullable").forbidden("must be false to be structural"));
    }
    if (!node.rules().isEmpty()) {
      errors.add(
          path.child("x-kubernetes-validations").forbidden("must be empty to be structural"));
    }
    if (node.additional() != null || node.openEnded()) {
      errors.add(
          path.child("additionalProperties").forbidden("must be undefined to be structural"));
    }
    node.properties()
        .forEach((name, child) -> checkNested(child, path.child("properties").key(name), false));
    checkNested(node.items(), path.child("items"), false);
    checkNested(node.values().allOf(), path.child("allOf"), typesAllowed);
    checkNested(node.values().anyOf(), path.child("anyOf"), typesAllowed);
    checkNested(node.values().oneOf(), path.child("oneOf"), false);
    checkNested(node.values().not(), path.child("not"), false);
  }
}
