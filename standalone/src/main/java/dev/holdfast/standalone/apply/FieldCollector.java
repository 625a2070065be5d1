package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.schema.FieldType;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The fields that a configuration sets: leaves, keyed items and values of sets; containers only
 * where they are empty or not known by name. After typed/tofieldset.go of structured-merge-diff.
 */
final class FieldCollector {
  private final FieldSet fields = new FieldSet();
  private final List<PathElement> path = new ArrayList<>();

  private FieldCollector() {}

  static FieldSet collect(FieldType type, JsonNode value) {
    FieldCollector collector = new FieldCollector();
    collector.walk(type, value);
    return collector.fields;
  }

  private void walk(FieldType declared, JsonNode value) {
    switch (Shape.of(declared, value)) {
      case FieldType.Scalar _ -> fields.insert(path);
      case FieldType.Struct struct -> {
        if (struct.atomic()) {
          fields.insert(path);
        } else {
          walkObject(struct, value);
        }
      }
      case FieldType.Sequence sequence -> {
        if (sequence.relationship() == FieldType.Relationship.ATOMIC) {
          fields.insert(path);
        } else {
          walkList(sequence, value);
        }
      }
      case FieldType.Deduced _ -> throw new AssertionError("deduced types have a shape");
    }
  }

  private void walkObject(FieldType.Struct struct, JsonNode value) {
    value
        .properties()
        .forEach(
            entry -> {
              JsonNode child = entry.getValue();
              path.add(new PathElement.Field(entry.getKey()));
              walk(struct.field(entry.getKey()), child);
              if (child.isNull()
                  || (child.isObject() && child.isEmpty())
                  || !struct.fields().containsKey(entry.getKey())) {
                fields.insert(path);
              }
              path.removeLast();
            });
  }

  private void walkList(FieldType.Sequence sequence, JsonNode list) {
    TreeMap<PathElement, Integer> counts = new TreeMap<>();
    list.forEach(item -> counts.merge(Shape.element(sequence, item), 1, Integer::sum));
    for (JsonNode item : list) {
      PathElement element = Shape.element(sequence, item);
      path.add(element);
      // Items that share a key have one owner together.
      if (counts.getOrDefault(element, 0) == 1) {
        walk(sequence.item(), item);
      }
      fields.insert(path);
      path.removeLast();
    }
  }
}
