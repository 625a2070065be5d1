package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldType;
import dev.holdfast.standalone.schema.FieldType.Relationship;
import dev.holdfast.standalone.schema.FieldType.ScalarKind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Cuts a value into parts as its type tells, and refuses what does not fit. After typed/validate.go
 * of structured-merge-diff. It alone knows types; all else works on {@link Part parts}.
 */
final class Cutter {
  private static final FieldType ANY_SCALAR = new FieldType.Scalar(ScalarKind.UNTYPED);
  private static final FieldType ANY_OBJECT =
      new FieldType.Struct(Map.of(), new FieldType.Deduced(), false);
  private static final FieldType ANY_LIST =
      new FieldType.Sequence(Relationship.ATOMIC, List.of(), Map.of(), new FieldType.Deduced());

  private static final String NUMERIC = "numeric (int or float)";
  private static final String STRING = "string";

  private final boolean duplicates;
  private final Deque<String> path = new ArrayDeque<>();

  private Cutter(boolean duplicates) {
    this.duplicates = duplicates;
  }

  /**
   * Cuts what is or will be stored: items of a list may share a key, and then have one owner
   * together.
   *
   * @throws InvalidConfigurationException with the path of the first value that does not fit
   */
  static Part cut(FieldType type, JsonNode value) {
    return new Cutter(true).cut(type, value, false);
  }

  /** As {@link #cut}, but refuses two items with one key. */
  static Part cutApplied(FieldType type, JsonNode value) {
    return new Cutter(false).cut(type, value, false);
  }

  private Part cut(FieldType declared, JsonNode value, boolean named) {
    FieldType type = declared instanceof FieldType.Deduced ? deduced(value) : declared;
    return switch (type) {
      case FieldType.Scalar(ScalarKind kind) -> {
        switch (kind) {
          case NUMERIC -> require(value.isNumber(), NUMERIC, value);
          case STRING -> require(value.isTextual(), STRING, value);
          case BOOLEAN -> require(value.isBoolean(), "boolean", value);
          case UNTYPED -> require(!value.isContainerNode(), "any scalar", value);
        }
        yield Part.whole(value, named);
      }
      case FieldType.Struct struct -> {
        require(value.isObject(), "map", value);
        Part part = cutObject(struct, value, named);
        yield struct.atomic() ? Part.whole(value, named) : part;
      }
      case FieldType.Sequence sequence -> {
        require(value.isArray(), "list", value);
        yield sequence.relationship() == Relationship.ATOMIC
            ? checkedList(sequence, value, named)
            : cutList(sequence, value, named);
      }
      case FieldType.Deduced _ -> throw new AssertionError("deduced types have a shape");
    };
  }

  private static FieldType deduced(JsonNode value) {
    if (value.isNull() || value.isObject()) {
      return ANY_OBJECT;
    }
    return value.isArray() ? ANY_LIST : ANY_SCALAR;
  }

  private Part cutObject(FieldType.Struct struct, JsonNode value, boolean named) {
    LinkedHashMap<String, Part> parts = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      String name = field.getKey();
      String step = Step.ofField(name);
      boolean known = struct.fields().containsKey(name);
      path.addLast(step);
      if (!known && struct.others() == null) {
        throw fault("field not declared in schema");
      }
      parts.put(step, cut(struct.field(name), field.getValue(), known));
      path.removeLast();
    }
    return new Part(value, parts, List.of(), named);
  }

  private Part checkedList(FieldType.Sequence type, JsonNode list, boolean named) {
    if (!(type.item() instanceof FieldType.Deduced)) {
      for (int i = 0; i < list.size(); i++) {
        path.addLast("i:" + i);
        cut(type.item(), list.get(i), false);
        path.removeLast();
      }
    }
    return Part.whole(list, named);
  }

  private Part cutList(FieldType.Sequence type, JsonNode list, boolean named) {
    LinkedHashMap<String, Part> parts = new LinkedHashMap<>();
    List<String> steps = new ArrayList<>();
    for (JsonNode item : list) {
      String step = step(type, item, steps.size());
      steps.add(step);
      path.addLast(step);
      Part part = cut(type.item(), item, false);
      path.removeLast();
      Part before = parts.put(step, part);
      if (before != null) {
        if (!duplicates) {
          throw fault("duplicate entries for key " + Step.display(step));
        }
        parts.put(step, Part.whole(Json.array().add(before.value()).add(item), false));
      }
    }
    return new Part(list, parts, steps, named);
  }

  private String step(FieldType.Sequence type, JsonNode item, int index) {
    String where = "element " + index + ": associative list ";
    if (type.relationship() == Relationship.SET) {
      if (item.isContainerNode() || item.isNull()) {
        String what =
            item.isNull() ? "an explicit null" : item.isObject() ? "a map type" : "a list";
        throw fault(where + "without keys has an element that's " + what);
      }
      return Step.ofValue(item);
    }
    if (!item.isObject()) {
      String what = item.isNull() ? "a null element" : "non-map elements";
      throw fault(where + "with keys may not have " + what);
    }
    Map<String, JsonNode> keys = new TreeMap<>();
    for (String key : type.keys()) {
      JsonNode value = item.has(key) ? item.get(key) : type.keyDefaults().get(key);
      if (value != null) {
        keys.put(key, value);
      }
    }
    if (keys.isEmpty()) {
      throw fault(
          where
              + "with keys has an element that omits all key fields "
              + type.keys()
              + " (and doesn't have default values for any key fields)");
    }
    return Step.ofKeys(keys);
  }

  private void require(boolean fits, String expected, JsonNode value) {
    if (!fits && !value.isNull()) {
      String got =
          switch (expected) {
            case NUMERIC -> goType(value);
            case STRING -> "&value.valueUnstructured{Value:" + goSyntax(value) + "}";
            default -> "&{" + Json.goText(value) + "}";
          };
      throw fault("expected " + expected + ", got " + got);
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

  private InvalidConfigurationException fault(String what) {
    String where = path.stream().map(Step::display).collect(Collectors.joining());
    return new InvalidConfigurationException(where + ": " + what);
  }
}
