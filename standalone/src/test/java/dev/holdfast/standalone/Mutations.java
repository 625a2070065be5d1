package dev.holdfast.standalone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What can be wrong with a right object, by its schema: for each field a value of another type, one
 * beside each of its limits, its absence, and an unknown field beside it.
 */
final class Mutations {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final ObjectNode object;
  private final List<ObjectNode> mutated = new ArrayList<>();

  private Mutations(ObjectNode object) {
    this.object = object;
  }

  /** All of them, of what is below one field of an object; each differs in one place. */
  static List<ObjectNode> of(ObjectNode object, String field, JsonNode schema) {
    Mutations mutations = new Mutations(object);
    mutations.visit(schema.at("/properties/" + field), "/" + field);
    return mutations.mutated;
  }

  private void visit(JsonNode schema, String pointer) {
    JsonNode value = object.at(pointer);
    if (value.isMissingNode()) {
      throw new IllegalArgumentException("the right object lacks " + pointer);
    }
    wrongValues(schema, value).forEach(wrong -> set(pointer, wrong));
    if (value.isObject()) {
      ObjectNode unknown = value.deepCopy();
      set(pointer, unknown.put("unknown", 1));
      for (var property : schema.path("properties").properties()) {
        ObjectNode without = value.deepCopy();
        without.remove(property.getKey());
        set(pointer, without);
        visit(property.getValue(), pointer + "/" + property.getKey());
      }
      if (schema.has("additionalProperties")) {
        String first = value.fieldNames().next();
        visit(schema.get("additionalProperties"), pointer + "/" + first);
      }
    } else if (value.isArray()) {
      visit(schema.get("items"), pointer + "/0");
    }
  }

  private void set(String pointer, JsonNode value) {
    ObjectNode copy = object.deepCopy();
    int end = pointer.lastIndexOf('/');
    String name = pointer.substring(end + 1);
    switch (copy.at(pointer.substring(0, end))) {
      case ArrayNode array -> array.set(Integer.parseInt(name), value);
      case ObjectNode parent -> parent.set(name, value);
      default -> throw new IllegalArgumentException(pointer);
    }
    mutated.add(copy);
  }

  private static List<JsonNode> wrongValues(JsonNode schema, JsonNode value) {
    List<JsonNode> wrong = new ArrayList<>(List.of(NODES.nullNode()));
    switch (value.getNodeType()) {
      case OBJECT -> wrong.add(NODES.arrayNode());
      case ARRAY -> {
        wrong.add(NODES.objectNode());
        wrong.add(NODES.arrayNode().add(value.get(0)).add(value.get(0)));
        wrong.add(repeated(value.get(0), schema.get("maxItems").intValue() + 1));
      }
      case NUMBER -> {
        wrong.addAll(List.of(NODES.textNode("1"), NODES.numberNode(1.5), NODES.numberNode(2.0)));
        wrong.add(NODES.numberNode(3_000_000_000L));
        wrong.add(NODES.numberNode(schema.path("minimum").longValue() - 1));
        wrong.add(NODES.numberNode(schema.path("maximum").longValue() + 1));
      }
      default -> {
        wrong.addAll(List.of(NODES.numberNode(1), NODES.booleanNode(true)));
        wrong.addAll(List.of(NODES.textNode(""), NODES.textNode("~\u00fc /\n")));
        wrong.add(NODES.textNode("a".repeat(schema.path("maxLength").intValue() + 1)));
      }
    }
    if (schema.has("maxProperties")) {
      ObjectNode many = NODES.objectNode();
      for (int i = 0; i <= schema.get("maxProperties").intValue(); i++) {
        many.put("key" + i, "a");
      }
      wrong.add(many);
    }
    return wrong;
  }

  private static ArrayNode repeated(JsonNode item, int times) {
    ArrayNode many = NODES.arrayNode();
    for (int i = 0; i < times; i++) {
      many.add(item);
    }
    return many;
  }
}
