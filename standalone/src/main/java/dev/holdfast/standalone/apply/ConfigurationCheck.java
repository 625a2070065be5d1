package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldType;
import java.util.TreeSet;

/** Refuses configurations that can't be merged. After typed/validate.go. */
final class ConfigurationCheck {
  private ConfigurationCheck() {}

  /**
   * @throws InvalidConfigurationException with the path of the first value that does not fit
   */
  static void check(FieldType declared, JsonNode value, String path) {
    if (value.isNull()) {
      return;
    }
    switch (Shape.of(declared, value)) {
      case FieldType.Scalar(FieldType.ScalarKind kind) -> checkScalar(kind, value, path);
      case FieldType.Struct struct -> {
        if (!value.isObject()) {
          throw wrong(path, "map", value);
        }
        value
            .properties()
            .forEach(
                entry -> {
                  String name = entry.getKey();
                  if (!struct.fields().containsKey(name) && struct.others() == null) {
                    throw new InvalidConfigurationException(
                        path + "." + name + ": field not declared in schema");
                  }
                  check(struct.field(name), entry.getValue(), path + "." + name);
                });
      }
      case FieldType.Sequence sequence -> {
        if (!value.isArray()) {
          throw wrong(path, "list", value);
        }
        checkItems(sequence, value, path);
      }
      case FieldType.Deduced _ -> throw new AssertionError("deduced types have a shape");
    }
  }

  private static void checkItems(FieldType.Sequence sequence, JsonNode list, String path) {
    TreeSet<PathElement> seen = new TreeSet<>();
    int index = 0;
    for (JsonNode item : list) {
      PathElement element = new PathElement.Index(index);
      if (sequence.relationship() != FieldType.Relationship.ATOMIC) {
        try {
          element = Shape.element(sequence, item);
        } catch (InvalidConfigurationException e) {
          throw new InvalidConfigurationException(
              path + ": element " + index + ": " + e.getMessage());
        }
        if (!seen.add(element)) {
          throw new InvalidConfigurationException(path + ": duplicate entries for key " + element);
        }
      }
      check(sequence.item(), item, path + element);
      index++;
    }
  }

  private static void checkScalar(FieldType.ScalarKind kind, JsonNode value, String path) {
    boolean fits =
        switch (kind) {
          case NUMERIC -> value.isNumber();
          case STRING -> value.isTextual();
          case BOOLEAN -> value.isBoolean();
          case UNTYPED -> !value.isContainerNode();
        };
    if (!fits) {
      String expected =
          switch (kind) {
            case NUMERIC -> "numeric (int or float)";
            case STRING -> "string";
            case BOOLEAN -> "boolean";
            case UNTYPED -> "any scalar";
          };
      String got =
          switch (kind) {
            case NUMERIC -> goType(value);
            case STRING -> "&value.valueUnstructured{Value:" + goSyntax(value) + "}";
            case BOOLEAN, UNTYPED -> "&{" + Json.goText(value) + "}";
          };
      throw new InvalidConfigurationException(path + ": expected " + expected + ", got " + got);
    }
  }

  private static String goType(JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT -> "map[string]interface {}";
      case ARRAY -> "[]interface {}";
      case STRING, BINARY -> "string";
      case BOOLEAN -> "bool";
      case NUMBER -> value.isIntegralNumber() ? "int64" : "float64";
      case NULL, MISSING, POJO -> "<nil>";
    };
  }

  private static String goSyntax(JsonNode value) {
    return value.isContainerNode()
        ? goType(value) + value.toString().replaceAll("^\\[(.*)]$", "{$1}")
        : value.isTextual() ? value.toString() : Json.goText(value);
  }

  private static InvalidConfigurationException wrong(String path, String expected, JsonNode value) {
    return new InvalidConfigurationException(
        path + ": expected " + expected + ", got &{" + Json.goText(value) + "}");
  }
}
