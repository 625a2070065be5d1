package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.ObjectMeta;
import dev.holdfast.standalone.schema.Schema;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a value into parts as its schema tells, and refuses what does not fit. After
 * typed/validate.go of structured-merge-diff. It alone knows schemas; all else works on {@link Part
 * parts}.
 */
final class Cutter {
  private static final String NUMERIC = "numeric (int or float)";

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
  static Part cut(Schema schema, JsonNode value) {
    return new Cutter(true).cutObject(schema, value, false, schema.preserveUnknown());
  }

  /** As {@link #cut}, but refuses two items with one key. */
  static Part cutApplied(Schema schema, JsonNode value) {
    return new Cutter(false).cutObject(schema, value, false, schema.preserveUnknown());
  }

  /**
   * @param named whether it is a field that the schema knows by name
   * @param open whether unknown fields of something above it are preserved: then no field below is
   *     refused, although pruning takes it away later
   */
  private Part cut(@Nullable Schema declared, JsonNode value, boolean named, boolean open) {
    Schema schema = declared == null || declared.intOrString() ? Schema.ANYTHING : declared;
    switch (schema.type()) {
      case "object" -> {
        require(value.isObject(), "map", value);
        Part part = cutObject(schema, value, named, open || schema.preserveUnknown());
        return schema.isAtomicMap() ? Part.whole(value, named) : part;
      }
      case "array" -> {
        require(value.isArray(), "list", value);
        return cutList(schema, value, named, open);
      }
      case "integer", "number" -> require(value.isNumber(), NUMERIC, value);
      case "string" -> require(value.isTextual(), "string", value);
      case "boolean" -> require(value.isBoolean(), "boolean", value);
      default -> { // unknown objects are granular, and null is one
        if (value.isObject() || value.isNull()) {
          return cutObject(Schema.ANYTHING, value, named, true);
        }
      }
    }
    return Part.whole(value, named);
  }

  private Part cutObject(Schema schema, JsonNode value, boolean named, boolean open) {
    LinkedHashMap<String, Part> parts = new LinkedHashMap<>();
    boolean root = path.isEmpty();
    for (Map.Entry<String, JsonNode> field : value.properties()) {
      String name = field.getKey();
      String step = Step.ofField(name);
      Schema general = root ? ObjectMeta.FIELDS.get(name) : null;
      Schema known = general == null ? schema.properties().get(name) : general;
      Schema declared = known == null ? schema.additional() : known;
      boolean free = open || schema.openEnded() || (!root && schema.properties().isEmpty());
      path.addLast(step);
      if (declared == null && !free) {
        throw fault("field not declared in schema");
      }
      parts.put(step, cut(declared, field.getValue(), known != null, open));
      path.removeLast();
    }
    return new Part(value, parts, List.of(), named);
  }

  private Part cutList(Schema schema, JsonNode list, boolean named, boolean open) {
    LinkedHashMap<String, Part> parts = new LinkedHashMap<>();
    List<String> steps = new ArrayList<>();
    boolean atomic = !schema.isListMap() && !schema.isSet();
    for (JsonNode item : list) {
      String step = atomic ? "i:" + steps.size() : step(schema, item, steps.size());
      steps.add(step);
      path.addLast(step);
      Part part = cut(schema.items(), item, false, open);
      path.removeLast();
      Part before = parts.put(step, part);
      if (before != null) {
        if (!duplicates) {
          throw fault("duplicate entries for key " + Step.display(step));
        }
        parts.put(step, Part.whole(Json.array().add(before.value()).add(item), false));
      }
    }
    return atomic ? Part.whole(list, named) : new Part(list, parts, steps, named);
  }

  private String step(Schema schema, JsonNode item, int index) {
    String where = "element " + index + ": associative list ";
    if (schema.isSet()) {
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
    for (String key : schema.listMapKeys()) {
      JsonNode value = item.has(key) ? item.get(key) : schema.keyDefault(key);
      if (value != null) {
        keys.put(key, value);
      }
    }
    if (keys.isEmpty()) {
      throw fault(
          where
              + "with keys has an element that omits all key fields "
              + schema.listMapKeys()
              + " (and doesn't have default values for any key fields)");
    }
    return Step.ofKeys(keys);
  }

  private void require(boolean fits, String expected, JsonNode value) {
    if (!fits && !value.isNull()) {
      String got = expected.equals(NUMERIC) ? Json.goType(value) : "&{" + Json.goText(value) + "}";
      throw fault("expected " + expected + ", got " + got);
    }
  }

  private InvalidConfigurationException fault(String what) {
    String where = path.stream().map(Step::display).collect(Collectors.joining());
    return new InvalidConfigurationException(where + ": " + what);
  }
}
