package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cel.common.values.NullValue;
import dev.holdfast.standalone.json.Json;
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
  private record Unusable(String reason) {}

  /** The reasons of all such values within a value. */
  static Stream<String> unusable(Object value) {
    return switch (value) {
      case Unusable(String reason) -> Stream.of(reason);
      case Map<?, ?> map -> map.values().stream().flatMap(RuleValues::unusable);
      case List<?> list -> list.stream().flatMap(RuleValues::unusable);
      default -> Stream.empty();
    };
  }

  /**
   * Makes a value for rules.
   *
   * @param like the value whose order sets and list maps take as far as they share items, because
   *     for rules such lists are equal in any order; null to leave them as they are
   */
  static Object of(Schema node, JsonNode value, @Nullable JsonNode like) {
    if (value.isNull()) {
      return NullValue.NULL_VALUE;
    }
    if (node.intOrString()) {
      return value.isTextual() ? value.textValue() : integer(value);
    }
    return switch (node.type()) {
      case "object" -> object(node, value, like);
      case "array" -> list(node, value, like);
      case "string" -> string(node.format(), value.asText());
      case "boolean" -> value.asBoolean();
      case "number" -> value.doubleValue();
      case "integer" -> integer(value);
      default -> new Unusable("invalid data, no schema");
    };
  }

  private static Object object(Schema node, JsonNode value, @Nullable JsonNode like) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      String key = field.getKey();
      Schema child = node.field(key);
      String name = node.additional() == null ? RuleTypes.escape(key) : key;
      if (name != null && child != null && isTyped(child)) {
        fields.put(name, of(child, field.getValue(), like == null ? null : like.get(key)));
      }
    }
    return fields;
  }

  private static boolean isTyped(Schema node) {
    return node.intOrString() || !node.type().isEmpty();
  }

  private static Object list(Schema node, JsonNode value, @Nullable JsonNode like) {
    List<Object> items = new ArrayList<>();
    Schema type = node.items();
    if (type != null && isTyped(type)) {
      List<JsonNode> left = Json.items(value);
      for (JsonNode model : like == null ? List.<JsonNode>of() : Json.items(like)) {
        JsonNode item = node.isSet() ? equalItem(left, model) : node.oldItem(value, model);
        if (item != null && left.remove(item)) {
          items.add(of(type, item, model));
        }
      }
      left.forEach(item -> items.add(of(type, item, null)));
    }
    return items;
  }

  private static @Nullable JsonNode equalItem(List<JsonNode> items, JsonNode model) {
    return items.stream().filter(each -> JsonValues.equal(each, model)).findFirst().orElse(null);
  }

  private static Object integer(JsonNode value) {
    return value.isIntegralNumber()
        ? value.longValue()
        : new Unusable("invalid data, expected int, got float64");
  }

  private static Object string(String format, String text) {
    try {
      return format.equals("date-time") ? OffsetDateTime.parse(text).toInstant() : text;
    } catch (DateTimeException e) {
      return new Unusable("invalid data, " + e.getMessage());
    }
  }
}
