package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.holdfast.standalone.schema.FieldError.Reason;
import dev.holdfast.standalone.schema.SchemaNode.ListType;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads an OpenAPI v3 schema as structural schema and notes what can't be read; {@link SchemaRules}
 * then judges what could. After schema/convert.go and the validation of CustomResourceDefinitions
 * of apiextensions.
 */
final class SchemaParser {
  private final List<FieldError> errors = new ArrayList<>();

  List<FieldError> errors() {
    return errors;
  }

  SchemaNode parse(JsonNode json, FieldPath path) {
    if (!json.isObject()) {
      errors.add(path.invalid(json, "must be a schema"));
      return SchemaNode.ANYTHING;
    }
    refuseUnsupported(json, path);
    JsonNode additional = json.path("additionalProperties");
    JsonNode defaultValue = json.get("default");
    return new SchemaNode(
        json.path("type").asText(),
        json.path("x-kubernetes-int-or-string").asBoolean(),
        json.path("x-kubernetes-preserve-unknown-fields").asBoolean(),
        json.path("x-kubernetes-embedded-resource").asBoolean(),
        json.path("nullable").asBoolean(),
        defaultValue == null || defaultValue.isNull() ? null : defaultValue,
        properties(json.path("properties"), path),
        additional.isObject() ? parse(additional, path.child("additionalProperties")) : null,
        additional.isBoolean() && additional.asBoolean(),
        json.path("items").isObject() ? parse(json.get("items"), path.child("items")) : null,
        listType(json),
        strings(json.path("x-kubernetes-list-map-keys")),
        json.path("x-kubernetes-map-type").asText().equals("atomic"),
        rules(json.path("x-kubernetes-validations"), path),
        constraints(json, path));
  }

  private void refuseUnsupported(JsonNode json, FieldPath path) {
    for (String name :
        new String[] {
          "id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"
        }) {
      if (json.has(name)) {
        errors.add(path.child(name).forbidden(name + " is not supported"));
      }
    }
    if (json.path("uniqueItems").asBoolean()) {
      errors.add(
          path.child("uniqueItems")
              .forbidden(
                  "uniqueItems cannot be set to true since the runtime complexity becomes"
                      + " quadratic"));
    }
    if (json.path("items").isArray()) {
      errors.add(path.child("items").forbidden("items must be a schema object and not an array"));
    }
    String type = json.path("type").asText();
    if (type.equals("null")) {
      errors.add(
          path.child("type")
              .forbidden("type cannot be set to null, use nullable as an alternative"));
    }
    List<String> types = List.of("array", "boolean", "integer", "number", "object", "string");
    if (!type.isEmpty() && !types.contains(type)) {
      errors.add(path.child("type").unsupported(type, types));
    }
    if (json.path("properties").size() > 0 && json.path("additionalProperties").isObject()) {
      errors.add(
          path.child("additionalProperties")
              .forbidden("additionalProperties and properties are mutual exclusive"));
    }
    JsonNode preserve = json.path("x-kubernetes-preserve-unknown-fields");
    if (preserve.isBoolean() && !preserve.asBoolean()) {
      errors.add(
          path.child("x-kubernetes-preserve-unknown-fields")
              .invalid(false, "must be true or undefined"));
    }
    refuseWrongExtension(json, path, "x-kubernetes-map-type", "object", "atomic", "granular");
    refuseWrongExtension(json, path, "x-kubernetes-list-type", "array", "atomic", "set", "map");
  }

  private void refuseWrongExtension(
      JsonNode json, FieldPath path, String extension, String type, String... values) {
    if (!json.has(extension)) {
      return;
    }
    String actual = json.path("type").asText();
    if (!actual.equals(type)) {
      String detail = "must be " + type + " if " + extension + " is specified";
      FieldPath place = path.child("type");
      errors.add(actual.isEmpty() ? place.required(detail) : place.invalid(actual, detail));
    }
    String value = json.get(extension).asText();
    if (!List.of(values).contains(value)) {
      errors.add(path.child(extension).unsupported(value, List.of(values)));
    }
  }

  private Map<String, SchemaNode> properties(JsonNode json, FieldPath path) {
    Map<String, SchemaNode> properties = new LinkedHashMap<>();
    json.properties()
        .forEach(
            field ->
                properties.put(
                    field.getKey(),
                    parse(field.getValue(), path.child("properties").key(field.getKey()))));
    return java.util.Collections.unmodifiableMap(properties);
  }

  private static ListType listType(JsonNode json) {
    return switch (json.path("x-kubernetes-list-type").asText()) {
      case "set" -> ListType.SET;
      case "map" -> ListType.MAP;
      default -> ListType.ATOMIC;
    };
  }

  private ValueConstraints constraints(JsonNode json, FieldPath path) {
    return new ValueConstraints(
        json.path("format").asText(),
        decimal(json, "minimum"),
        json.path("exclusiveMinimum").asBoolean(),
        decimal(json, "maximum"),
        json.path("exclusiveMaximum").asBoolean(),
        decimal(json, "multipleOf"),
        limit(json, "minLength"),
        limit(json, "maxLength"),
        pattern(json, path),
        limit(json, "minItems"),
        limit(json, "maxItems"),
        limit(json, "minProperties"),
        limit(json, "maxProperties"),
        strings(json.path("required")),
        list(json.path("enum")),
        schemas(json, "allOf", path),
        schemas(json, "anyOf", path),
        schemas(json, "oneOf", path),
        json.path("not").isObject() ? parse(json.get("not"), path.child("not")) : null);
  }

  private List<SchemaNode> schemas(JsonNode json, String name, FieldPath path) {
    List<SchemaNode> schemas = new ArrayList<>();
    for (JsonNode each : json.path(name)) {
      schemas.add(parse(each, path.child(name).index(schemas.size())));
    }
    return List.copyOf(schemas);
  }

  private @Nullable Pattern pattern(JsonNode json, FieldPath path) {
    String text = json.path("pattern").asText();
    if (text.isEmpty()) {
      return null;
    }
    try {
      return Pattern.compile(text);
    } catch (PatternSyntaxException e) {
      errors.add(
          path.child("pattern")
              .invalid(text, "must be a valid regular expression, but isn't: " + e.getMessage()));
      return null;
    }
  }

  private List<ValidationRule> rules(JsonNode json, FieldPath path) {
    List<ValidationRule> rules = new ArrayList<>();
    for (JsonNode each : json) {
      FieldPath place = path.child("x-kubernetes-validations").index(rules.size());
      rules.add(
          new ValidationRule(
              each.path("rule").asText(),
              each.path("message").asText().strip(),
              each.path("messageExpression").asText(),
              reason(each, place),
              each.path("fieldPath").asText(),
              each.path("optionalOldSelf").asBoolean()));
      refuseWrongRule(each, place);
    }
    return List.copyOf(rules);
  }

  private Reason reason(JsonNode rule, FieldPath path) {
    String text = rule.path("reason").asText();
    return switch (text) {
      case "", "FieldValueInvalid" -> Reason.FieldValueInvalid;
      case "FieldValueForbidden" -> Reason.FieldValueForbidden;
      case "FieldValueRequired" -> Reason.FieldValueRequired;
      case "FieldValueDuplicate" -> Reason.FieldValueDuplicate;
      default -> {
        errors.add(
            path.child("reason")
                .unsupported(
                    text,
                    List.of(
                        "FieldValueDuplicate",
                        "FieldValueForbidden",
                        "FieldValueInvalid",
                        "FieldValueRequired")));
        yield Reason.FieldValueInvalid;
      }
    };
  }

  private void refuseWrongRule(JsonNode rule, FieldPath path) {
    String text = rule.path("rule").asText().strip();
    String message = rule.path("message").asText();
    if (text.isEmpty()) {
      errors.add(path.child("rule").required("rule is not specified"));
    } else if (!message.isEmpty() && message.isBlank()) {
      errors.add(path.child("message").invalid(message, "must be non-empty if specified"));
    } else if (hasLineBreaks(message.strip())) {
      errors.add(path.child("message").invalid(message, "must not contain line breaks"));
    } else if (hasLineBreaks(text) && message.isBlank()) {
      errors.add(
          path.child("message").required("message must be specified if rule contains line breaks"));
    }
    String expression = rule.path("messageExpression").asText();
    if (!expression.isEmpty() && expression.isBlank()) {
      errors.add(
          path.child("messageExpression")
              .required("messageExpression must be non-empty if specified"));
    }
  }

  private static boolean hasLineBreaks(String text) {
    return text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0;
  }

  private static @Nullable BigDecimal decimal(JsonNode json, String name) {
    JsonNode value = json.get(name);
    return value == null || !value.isNumber() ? null : value.decimalValue();
  }

  private static @Nullable Long limit(JsonNode json, String name) {
    JsonNode value = json.get(name);
    return value == null || !value.isNumber() ? null : value.longValue();
  }

  private static List<String> strings(JsonNode json) {
    List<String> strings = new ArrayList<>();
    json.forEach(each -> strings.add(each.asText()));
    return List.copyOf(strings);
  }

  private static List<JsonNode> list(JsonNode json) {
    List<JsonNode> list = new ArrayList<>();
    json.forEach(list::add);
    return List.copyOf(list);
  }
}
