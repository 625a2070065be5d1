package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.Yaml;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a schema may not say; most of it is data, in definition-rules.yaml. After ValidateStructural
 * and ValidateCustomResourceDefinitionOpenAPISchema of apiextensions.
 */
final class SchemaRules {
  private static final Data DATA =
      Schema.read(Yaml.resource(SchemaRules.class, "definition-rules.yaml"), Data.class);
  private static final List<String> JUNCTORS = List.of("allOf", "anyOf", "oneOf");

  private final List<FieldError> errors = new ArrayList<>();

  private SchemaRules() {}

  private record Data(
      Schema keywords,
      List<Check> everywhere,
      List<Check> outside,
      List<Check> root,
      List<Check> field,
      List<Check> item,
      List<Check> typeMeta,
      List<Check> metadata,
      List<Check> nestedType,
      List<Check> nested,
      List<Check> rule,
      List<Check> listMapKey) {}

  private record Check(
      String when,
      @Nullable Schema must,
      String field,
      String required,
      String forbidden,
      String invalid) {
    boolean fails(JsonNode node) {
      return (when.isEmpty() || node.has(when))
          && (must == null || !ValueValidator.isValid(must, node));
    }

    FieldError error(JsonNode node, FieldPath path) {
      FieldPath place = path;
      JsonNode value = node;
      for (String name : field.isEmpty() ? new String[0] : field.split("\\.", -1)) {
        place = place.child(name);
        value = value.path(name);
      }
      return !required.isEmpty()
          ? place.required(required)
          : !forbidden.isEmpty()
              ? place.forbidden(forbidden)
              : place.invalid(value.isMissingNode() ? "" : value, invalid);
    }
  }

  static List<FieldError> check(JsonNode schema, FieldPath path) {
    SchemaRules rules = new SchemaRules();
    rules.visit(schema, path, DATA.root(), false);
    return rules.errors;
  }

  private void check(List<Check> checks, JsonNode node, FieldPath path) {
    checks.stream()
        .filter(each -> each.fails(node))
        .forEach(each -> errors.add(each.error(node, path)));
  }

  /**
   * @param place what is checked because of where the node is
   * @param nested whether it is below allOf, anyOf, oneOf or not
   */
  private void visit(JsonNode node, FieldPath path, List<Check> place, boolean nested) {
    int before = errors.size();
    checkNode(node, path);
    check(nested ? DATA.nested() : DATA.outside(), node, path);
    check(place, node, path);
    if (!nested) {
      checkListMapKeys(node, path);
      JsonNode rules = node.path("x-kubernetes-validations");
      for (int i = 0; i < rules.size(); i++) {
        check(DATA.rule(), rules.get(i), path.child("x-kubernetes-validations").index(i));
      }
    }
    for (Map.Entry<String, JsonNode> property : node.path("properties").properties()) {
      String name = property.getKey();
      FieldPath below = path.child("properties").key(name);
      boolean root = !nested && FieldPath.ROOT.equals(path.parent());
      if (root && name.equals("metadata")) {
        check(DATA.metadata(), property.getValue(), below);
      } else {
        boolean typeMeta = root && (name.equals("kind") || name.equals("apiVersion"));
        List<Check> field = typeMeta ? DATA.typeMeta() : DATA.field();
        visit(property.getValue(), below, nested ? DATA.nestedType() : field, nested);
      }
    }
    if (node.path("additionalProperties").isObject() && !nested) {
      FieldPath below = path.child("additionalProperties");
      visit(node.get("additionalProperties"), below, DATA.field(), false);
    }
    if (node.has("items")) {
      List<Check> item = nested ? DATA.nestedType() : DATA.item();
      visit(node.get("items"), path.child("items"), item, nested);
    }
    visitJunctors(node, path, nested ? place : allowedBelow(node));
    if (!nested && errors.size() == before && node.hasNonNull("default")) {
      checkDefault(Schema.read(node), node.get("default"), path.child("default"));
    }
  }

  /** What is checked below the junctors of a node: only one of two types may name them again. */
  private static List<Check> allowedBelow(JsonNode node) {
    return node.path("x-kubernetes-int-or-string").asBoolean() ? List.of() : DATA.nestedType();
  }

  private void visitJunctors(JsonNode node, FieldPath path, List<Check> place) {
    for (String name : JUNCTORS) {
      JsonNode nodes = node.path(name);
      for (int i = 0; i < nodes.size(); i++) {
        List<Check> each = name.equals("oneOf") ? DATA.nestedType() : place;
        visit(nodes.path(i), path.child(name).index(i), each, true);
      }
    }
    if (node.has("not")) {
      visit(node.get("not"), path.child("not"), DATA.nestedType(), true);
    }
  }

  /** What holds for every node. */
  private void checkNode(JsonNode node, FieldPath path) {
    errors.addAll(ValueValidator.validate(DATA.keywords(), node, null, path));
    check(DATA.everywhere(), node, path);
    String pattern = node.path("pattern").asText();
    try {
      Pattern.compile(pattern);
    } catch (PatternSyntaxException e) {
      String text = "must be a valid regular expression, but isn't: " + e.getMessage();
      errors.add(path.child("pattern").invalid(pattern, text));
    }
  }

  private void checkListMapKeys(JsonNode node, FieldPath path) {
    JsonNode keys = node.path("x-kubernetes-list-map-keys");
    FieldPath place = path.child("x-kubernetes-list-map-keys");
    Set<JsonNode> seen = new HashSet<>();
    for (JsonNode key : keys) {
      JsonNode property = Json.at(node, "items", "properties", key.asText());
      FieldPath below = path.child("items").child("properties").key(key.asText());
      if (property.isMissingNode() && Json.textAt(node, "items", "type").equals("object")) {
        errors.add(place.invalid(keys, "entries must all be names of item properties"));
      } else if (property.isObject()) {
        check(DATA.listMapKey(), property, below);
        if (!property.has("default")
            && !Json.textsAt(node, "items", "required").contains(key.asText())) {
          String text =
              "this property is in x-kubernetes-list-map-keys, so it must have a default or be a"
                  + " required property";
          errors.add(below.child("default").required(text));
        }
      }
      if (!seen.add(key)) {
        errors.add(place.invalid(keys, "must not contain duplicate entries"));
      }
    }
  }

  private void checkDefault(Schema schema, JsonNode value, FieldPath path) {
    JsonNode pruned = value.deepCopy();
    if (pruned instanceof ObjectNode object && !Pruner.prune(schema, object).isEmpty()) {
      errors.add(path.invalid(value, "must not have unknown fields"));
    }
    for (FieldError error : ValueValidator.validate(schema, pruned, null, FieldPath.ROOT)) {
      errors.add(error.below(path.text()));
    }
  }
}
