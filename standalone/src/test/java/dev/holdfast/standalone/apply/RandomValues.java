package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.random.RandomGenerator;

/** Random values of a schema, from few candidates so that they often meet, and changes to them. */
final class RandomValues {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final List<String> KEYS = List.of("k1", "k2", "k3", "holdfast.test/<k4>");

  private final RandomGenerator random;
  private final int wrongs;

  /**
   * @param wrongs how many of a thousand values do not fit their schema
   */
  RandomValues(RandomGenerator random, int wrongs) {
    this.random = random;
    this.wrongs = wrongs;
  }

  JsonNode of(ObjectNode schema) {
    if (random.nextInt(1000) < wrongs) {
      return random.nextBoolean() ? NODES.nullNode() : anything(1);
    }
    if (schema.path("nullable").asBoolean() && random.nextInt(5) == 0) {
      return NODES.nullNode();
    }
    if (schema.has("x-kubernetes-int-or-string")) {
      return random.nextBoolean() ? NODES.numberNode(random.nextInt(3)) : text();
    }
    return switch (schema.path("type").asText()) {
      case "string" -> text();
      case "integer" -> NODES.numberNode(random.nextInt(4));
      case "number" -> number();
      case "boolean" -> NODES.booleanNode(random.nextBoolean());
      case "array" -> list(schema);
      case "object" -> object(schema);
      default -> anything(2);
    };
  }

  /** The value with a few things added, removed, changed or moved. */
  JsonNode changed(ObjectNode schema, JsonNode value) {
    if (value instanceof ObjectNode object && !object.isEmpty() && random.nextInt(8) != 0) {
      return changedObject(schema, object.deepCopy());
    }
    if (value instanceof ArrayNode list && !list.isEmpty() && random.nextInt(8) != 0) {
      return changedList(schema, list.deepCopy());
    }
    return of(schema);
  }

  /** The schema of a field or, where it has none, one that allows everything. */
  static ObjectNode fieldOf(ObjectNode schema, String name) {
    for (JsonNode found :
        List.of(schema.path("properties").path(name), schema.path("additionalProperties"))) {
      if (found instanceof ObjectNode node) {
        return node;
      }
    }
    return NODES.objectNode();
  }

  static ObjectNode itemOf(ObjectNode schema) {
    return schema.get("items") instanceof ObjectNode node ? node : NODES.objectNode();
  }

  private JsonNode changedObject(ObjectNode schema, ObjectNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    String name = names.get(random.nextInt(names.size()));
    switch (random.nextInt(5)) {
      case 0, 1 -> object.remove(name);
      case 2 -> object.setAll(object(schema));
      default -> object.set(name, changed(fieldOf(schema, name), object.path(name)));
    }
    return object;
  }

  private JsonNode changedList(ObjectNode schema, ArrayNode list) {
    int index = random.nextInt(list.size());
    switch (random.nextInt(5)) {
      case 0 -> list.remove(index);
      case 1 -> list.insert(index, of(itemOf(schema)));
      case 2 -> {
        return shuffled(list);
      }
      default -> list.set(index, changed(itemOf(schema), list.get(index)));
    }
    return list;
  }

  private ObjectNode object(ObjectNode schema) {
    ObjectNode object = NODES.objectNode();
    for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
      if (random.nextInt(5) < 2) {
        object.set(property.getKey(), of((ObjectNode) property.getValue()));
      }
    }
    for (JsonNode required : schema.path("required")) {
      String name = required.asText();
      if (!object.has(name) && random.nextInt(1000) >= wrongs) {
        object.set(name, of(fieldOf(schema, name)));
      }
    }
    if (schema.has("additionalProperties")) {
      for (String key : some(KEYS)) {
        object.set(key, of(fieldOf(schema, key)));
      }
    }
    if (schema.has("x-kubernetes-preserve-unknown-fields")) {
      for (String key : some(KEYS)) {
        object.set(key, anything(2));
      }
    } else if (random.nextInt(1000) < wrongs) {
      object.set("unknown", text());
    }
    return object;
  }

  private JsonNode list(ObjectNode schema) {
    ObjectNode items = itemOf(schema);
    ArrayNode list = NODES.arrayNode();
    List<JsonNode> keys = new ArrayList<>();
    for (int i = random.nextInt(5); i > 0; i--) {
      JsonNode item = of(items);
      JsonNode key =
          switch (schema.path("x-kubernetes-list-type").asText()) {
            case "set" -> item;
            case "map" -> key(schema, item);
            default -> NODES.nullNode();
          };
      if (key.isNull() || !keys.contains(key) || random.nextInt(1000) < wrongs) {
        keys.add(key);
        list.add(item);
      }
    }
    return list;
  }

  private static JsonNode key(ObjectNode schema, JsonNode item) {
    ObjectNode key = NODES.objectNode();
    for (JsonNode name : schema.path("x-kubernetes-list-map-keys")) {
      JsonNode value = item.get(name.asText());
      key.set(
          name.asText(),
          value == null
              ? itemOf(schema).path("properties").path(name.asText()).path("default")
              : value);
    }
    return key;
  }

  JsonNode text() {
    return NODES.textNode("v" + random.nextInt(4));
  }

  private JsonNode number() {
    return switch (random.nextInt(4)) {
      case 0 -> NODES.numberNode(1);
      case 1 -> NODES.numberNode(1.0);
      case 2 -> NODES.numberNode(2.5);
      default -> NODES.numberNode(1e7);
    };
  }

  JsonNode anything(int depth) {
    return switch (random.nextInt(depth > 0 ? 7 : 4)) {
      case 0 -> NODES.numberNode(random.nextInt(3));
      case 1 -> NODES.booleanNode(random.nextBoolean());
      case 2, 3 -> text();
      case 4 -> {
        ArrayNode list = NODES.arrayNode();
        for (int i = random.nextInt(3); i > 0; i--) {
          list.add(anything(depth - 1));
        }
        yield list;
      }
      default -> {
        ObjectNode object = NODES.objectNode();
        for (String key : some(KEYS)) {
          object.set(key, anything(depth - 1));
        }
        yield object;
      }
    };
  }

  /** Some of them, in any order. */
  List<String> some(List<String> candidates) {
    List<String> chosen = new ArrayList<>();
    for (String candidate : candidates) {
      if (random.nextInt(5) < 2) {
        chosen.add(candidate);
      }
    }
    Collections.shuffle(chosen, new Random(random.nextLong()));
    return chosen;
  }

  private ArrayNode shuffled(ArrayNode list) {
    List<JsonNode> items = new ArrayList<>();
    list.forEach(items::add);
    Collections.shuffle(items, new Random(random.nextLong()));
    return NODES.arrayNode().addAll(items);
  }
}
