package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableCollection;
import com.google.common.collect.ImmutableMap;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import dev.cel.common.values.NullValue;
import dev.holdfast.standalone.json.Json;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Schemas as types, and JSON as values, in the way rules see them. After SchemaDeclType and
 * UnstructuredToVal in pkg/cel/common of apiserver: what has no schema has no type, and fields
 * without a type do not exist for rules.
 */
final class RuleView {
  private static final Set<String> RESERVED =
      Set.of(
          ("true false null in as break const continue else for function if import let loop package"
                  + " namespace return var void while")
              .split(" "));

  private final Map<String, CelType> structs = new HashMap<>();

  /** The name under which rules know a field; null for one that they can't name. */
  static @Nullable String escape(String name) {
    if (!name.matches("[a-zA-Z_./-][a-zA-Z0-9_./-]*")) {
      return null;
    }
    return RESERVED.contains(name)
        ? "__" + name + "__"
        : name.replace("__", "__underscores__")
            .replace(".", "__dot__")
            .replace("-", "__dash__")
            .replace("/", "__slash__");
  }

  /**
   * The type of a node.
   *
   * @param name a unique name, under which a struct is registered
   * @return null where the schema says nothing
   */
  @Nullable CelType of(@Nullable Schema node, String name) {
    if (node == null || node.intOrString()) {
      return node == null ? null : SimpleType.DYN;
    }
    return switch (node.type()) {
      case "object" -> node.additional() == null ? struct(node, name) : map(node, name);
      case "array" -> {
        CelType item = of(node.items(), name + ".items");
        yield item == null ? null : ListType.create(item);
      }
      case "string" ->
          switch (node.format()) {
            case "byte", "duration", "date" -> null; // of types that no rule here has needed
            case "date-time" -> SimpleType.TIMESTAMP;
            default -> SimpleType.STRING;
          };
      case "boolean" -> SimpleType.BOOL;
      case "number" -> SimpleType.DOUBLE;
      case "integer" -> SimpleType.INT;
      default -> null;
    };
  }

  private @Nullable CelType map(Schema node, String name) {
    CelType value = of(node.additional(), name + ".values");
    return value == null ? null : MapType.create(SimpleType.STRING, value);
  }

  private CelType struct(Schema node, String name) {
    Map<String, CelType> fields = new HashMap<>();
    node.properties()
        .forEach(
            (field, child) -> {
              String escaped = escape(field);
              CelType type = of(child, name + "." + field);
              if (escaped != null && type != null) {
                fields.put(escaped, type);
              }
            });
    ImmutableMap<String, CelType> types = ImmutableMap.copyOf(fields);
    StructType struct =
        StructType.create(name, types.keySet(), field -> Optional.ofNullable(types.get(field)));
    structs.put(name, struct);
    return struct;
  }

  /** What the checker looks names of types up in. */
  CelTypeProvider provider() {
    return new Provider(ImmutableMap.copyOf(structs));
  }

  private record Provider(ImmutableMap<String, CelType> byName) implements CelTypeProvider {
    @Override
    public ImmutableCollection<CelType> types() {
      return byName.values();
    }

    @Override
    public Optional<CelType> findType(String typeName) {
      return Optional.ofNullable(byName.get(typeName));
    }
  }

  /**
   * Stands for a value that is not of the schema's type although the schema's validator lets it
   * pass, as 2.0 for an integer. Only a rule that computes with it fails.
   */
  private record Unusable(String reason) {}

  /** The reasons of all such values within a value. */
  static Stream<String> unusable(Object value) {
    return switch (value) {
      case Unusable(String reason) -> Stream.of(reason);
      case Map<?, ?> map -> map.values().stream().flatMap(RuleView::unusable);
      case List<?> list -> list.stream().flatMap(RuleView::unusable);
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
      String name = node.additional() == null ? escape(key) : key;
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
    if (type == null || !isTyped(type)) {
      return items;
    }
    // Lists whose order says nothing are equal to rules when they are in the same order.
    boolean ordered = like == null || !(node.isSet() || node.isListMap());
    Map<JsonNode, JsonNode> left = ordered ? Map.of() : node.byIdentity(value);
    for (JsonNode model : like == null || ordered ? List.<JsonNode>of() : Json.items(like)) {
      JsonNode item = left.remove(node.identity(model));
      if (item != null) {
        items.add(of(type, item, model));
      }
    }
    for (JsonNode item : value) {
      if (ordered || left.containsKey(node.identity(item))) {
        items.add(of(type, item, null));
      }
    }
    return items;
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
