package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.schema.FieldType;

/**
 * Takes fields and items out of a value. A container that loses everything becomes null, which
 * defaulting drops later. After typed/remove.go of structured-merge-diff.
 */
final class Removal {
  private Removal() {}

  static JsonNode remove(FieldType declared, JsonNode value, FieldSet fields) {
    return switch (Shape.of(declared, value)) {
      case FieldType.Scalar _ -> value;
      case FieldType.Struct struct ->
          value.isObject() && !value.isEmpty() && !struct.atomic()
              ? fromObject(struct, value, fields)
              : NullNode.instance;
      case FieldType.Sequence sequence ->
          value.isArray()
                  && !value.isEmpty()
                  && sequence.relationship() != FieldType.Relationship.ATOMIC
              ? fromList(sequence, value, fields)
              : NullNode.instance;
      case FieldType.Deduced _ -> throw new AssertionError("deduced types have a shape");
    };
  }

  private static JsonNode fromObject(FieldType.Struct struct, JsonNode value, FieldSet fields) {
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    value
        .properties()
        .forEach(
            entry -> {
              PathElement element = new PathElement.Field(entry.getKey());
              if (!fields.has(element)) {
                FieldSet below = fields.below(element);
                result.set(
                    entry.getKey(),
                    below.isEmpty()
                        ? entry.getValue()
                        : remove(struct.field(entry.getKey()), entry.getValue(), below));
              }
            });
    return result.isEmpty() ? NullNode.instance : result;
  }

  private static JsonNode fromList(FieldType.Sequence sequence, JsonNode list, FieldSet fields) {
    ArrayNode result = JsonNodeFactory.instance.arrayNode();
    for (JsonNode item : list) {
      PathElement element = Shape.element(sequence, item);
      if (!fields.has(element)) {
        FieldSet below = fields.below(element);
        result.add(below.isEmpty() ? item : remove(sequence.item(), item, below));
      }
    }
    return result.isEmpty() ? NullNode.instance : result;
  }
}
