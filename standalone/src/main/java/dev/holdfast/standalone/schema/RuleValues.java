package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cel.common.values.NullValue;
import dev.holdfast.standalone.json.JsonValues;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Values as rules see them. After UnstructuredToVal in pkg/cel/common of apiserver. */
final class RuleValues {
  private RuleValues() {}

  /**
   * Stands for a value that is not of the schema's type although the schema's validator lets it
   * pass, as 2.0 for an integer. Only a rule that computes with it fails.
   */
  record Unusable(String reason) {}

  /** The reasons of all such values within a value. */
  static Stream<String> unusable(Object value) {
    return switch (value) {
      case Unusable(String reason) -> Stream.of(reason);
      case Map<?, ?> map -> map.values().stream().flatMap(RuleValues::unusable);
      case List<?> list -> list.stream().flatMap(RuleValues::unusable);
      default -> Stream.empty();
    };
  }

  static Object of(SchemaNode node, JsonNode value) {
    if (value.isNull()) {
      return NullValue.NULL_VALUE;
    }
    if (node.intOrString()) {
      return value.isTextual() ? value.textValue() : integer(value);
    }
    return switch (node.type()) {
      case "object" -> object(node, value);
      case "array" -> list(node, value);
      case "string" -> string(node.values().format(), value.asText());
      case "boolean" -> value.asBoolean();
      case "number" -> value.doubleValue();
      case "integer" -> integer(value);
      default -> new Unusable("invalid data, no schema");
    };
  }

  /**
   * Puts the items of sets and list maps of an old value into the order of the new one, because for
   * rules such lists are equal in any order.
   */
  static JsonNode inOrderOf(SchemaNode node, JsonNode old, @Nullable JsonNode value) {
    if (value == null) {
      return old;
    }
    if (old.isArray() && value.isArray() && node.items() != null) {
      SchemaNode items = node.items();
      List<JsonNode> left = new ArrayList<>();
      old.forEach(left::add);
      var ordered = com.fasterxml.jackson.databind.node.JsonNodeFactory.instance.arrayNode();
      for (JsonNode item : value) {
        JsonNode match =
            switch (node.listType()) {
              case ATOMIC -> null;
              case MAP -> Correlation.oldItem(node, old, item);
              case SET ->
                  left.stream()
                      .filter(each -> JsonValues.equal(each, item))
                      .findFirst()
                      .orElse(null);
            };
        if (match != null && left.remove(match)) {
          ordered.add(inOrderOf(items, match, item));
        }
      }
      left.forEach(ordered::add);
      return ordered;
    }
    if (old.isObject() && value.isObject()) {
      var result = com.fasterxml.jackson.databind.node.JsonNodeFactory.instance.objectNode();
      old.properties()
          .forEach(
              field -> {
                SchemaNode child = node.field(field.getKey());
                result.set(
                    field.getKey(),
                    child == null
                        ? field.getValue()
                        : inOrderOf(child, field.getValue(), value.get(field.getKey())));
              });
      return result;
    }
    return old;
  }

  private static Object object(SchemaNode node, JsonNode value) {
    Map<String, Object> fields = new LinkedHashMap<>();
    value
        .properties()
        .forEach(
            field -> {
              if (node.additional() != null) {
                fields.put(field.getKey(), of(node.additional(), field.getValue()));
                return;
              }
              SchemaNode child = node.properties().get(field.getKey());
              String name = RuleTypes.escape(field.getKey());
              if (child != null && name != null && isTyped(child)) {
                fields.put(name, of(child, field.getValue()));
              }
            });
    return fields;
  }

  private static boolean isTyped(SchemaNode node) {
    return node.intOrString() || !node.type().isEmpty();
  }

  private static Object list(SchemaNode node, JsonNode value) {
    List<Object> items = new ArrayList<>();
    if (node.items() != null && isTyped(node.items())) {
      for (JsonNode item : value) {
        items.add(of(node.items(), item));
      }
    }
    return items;
  }

  private static Object integer(JsonNode value) {
    if (!value.isIntegralNumber()) {
      return new Unusable("invalid data, expected int, got float64");
    }
    return value.longValue();
  }

  private static Object string(String format, String text) {
    try {
      return format.equals("date-time") ? OffsetDateTime.parse(text).toInstant() : text;
    } catch (DateTimeException e) {
      return new Unusable("invalid data, " + e.getMessage());
    }
  }
}
