package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.JsonValues;
import dev.holdfast.standalone.schema.FieldType;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What changed between two objects. No field is in more than one of the sets.
 *
 * @param removed fields that the second object has no more
 * @param modified fields of both with other values
 * @param added fields that only the second object has
 */
record Comparison(FieldSet removed, FieldSet modified, FieldSet added) {

  static Comparison of(FieldType type, JsonNode before, JsonNode after) {
    Comparison result = new Comparison(new FieldSet(), new FieldSet(), new FieldSet());
    new Walker(result).compare(type, before, after);
    return result;
  }

  FieldSet changed() {
    return modified.union(added);
  }

  Comparison without(FieldSet ignored) {
    return new Comparison(
        removed.without(ignored), modified.without(ignored), added.without(ignored));
  }

  /** After typed/compare.go of structured-merge-diff. */
  private static final class Walker {
    private final Comparison result;
    private final List<PathElement> path = new ArrayList<>();

    Walker(Comparison result) {
      this.result = result;
    }

    void compare(FieldType declared, @Nullable JsonNode before, @Nullable JsonNode after) {
      FieldType typeBefore = Shape.of(declared, before);
      FieldType typeAfter = Shape.of(declared, after);
      boolean leaf;
      if (after == null) {
        leaf = walk(typeBefore, before, null);
      } else if (before == null || typeBefore.equals(typeAfter)) {
        leaf = walk(typeAfter, before, after);
      } else {
        walk(typeBefore, before, after);
        leaf = walk(typeAfter, before, after);
      }
      if (!leaf) {
        if (before == null) {
          result.added.insert(path);
        } else if (after == null) {
          result.removed.insert(path);
        }
      }
    }

    /** Returns whether the value was compared as a whole. */
    private boolean walk(FieldType type, @Nullable JsonNode before, @Nullable JsonNode after) {
      return switch (type) {
        case FieldType.Scalar _ -> leaf(before, after);
        case FieldType.Struct struct -> {
          JsonNode left = Shape.object(before);
          JsonNode right = Shape.object(after);
          if (struct.atomic() || (Shape.isEmpty(left) && Shape.isEmpty(right))) {
            yield leaf(before, after);
          }
          walkObject(struct, left, right);
          yield false;
        }
        case FieldType.Sequence sequence -> {
          JsonNode left = Shape.array(before);
          JsonNode right = Shape.array(after);
          if (sequence.relationship() == FieldType.Relationship.ATOMIC
              || (Shape.isEmpty(left) && Shape.isEmpty(right))) {
            yield leaf(before, after);
          }
          walkList(sequence, left, right);
          yield false;
        }
        case FieldType.Deduced _ -> throw new AssertionError("deduced types have a shape");
      };
    }

    private boolean leaf(@Nullable JsonNode before, @Nullable JsonNode after) {
      if (before == null) {
        result.added.insert(path);
      } else if (after == null) {
        result.removed.insert(path);
      } else if (!JsonValues.equal(before, after)) {
        result.modified.insert(path);
      }
      return true;
    }

    private void walkObject(
        FieldType.Struct struct, @Nullable JsonNode before, @Nullable JsonNode after) {
      Set<String> names = new LinkedHashSet<>();
      if (before != null) {
        before.fieldNames().forEachRemaining(names::add);
      }
      if (after != null) {
        after.fieldNames().forEachRemaining(names::add);
      }
      for (String name : names) {
        path.add(new PathElement.Field(name));
        compare(
            struct.field(name),
            before == null ? null : before.get(name),
            after == null ? null : after.get(name));
        path.removeLast();
      }
    }

    private void walkList(
        FieldType.Sequence sequence, @Nullable JsonNode before, @Nullable JsonNode after) {
      Map<PathElement, List<JsonNode>> left = index(sequence, before);
      Map<PathElement, List<JsonNode>> right = index(sequence, after);
      Set<PathElement> elements = new LinkedHashSet<>(left.keySet());
      right.keySet().stream().filter(key -> !left.containsKey(key)).forEach(elements::add);
      for (PathElement element : elements) {
        List<JsonNode> mine = left.getOrDefault(element, List.of());
        List<JsonNode> other = right.getOrDefault(element, List.of());
        path.add(element);
        if (mine.size() <= 1 && other.size() <= 1) {
          compare(sequence.item(), first(mine), first(other));
        } else if (mine.size() >= 2 && other.size() >= 2) {
          if (!sameItems(mine, other)) {
            result.modified.insert(path);
          }
        } else if (mine.size() >= 2) {
          if (!other.isEmpty()) {
            compare(sequence.item(), null, other.getFirst());
          }
          result.removed.insert(path);
        } else {
          if (!mine.isEmpty()) {
            compare(sequence.item(), mine.getFirst(), null);
          }
          result.added.insert(path);
        }
        path.removeLast();
      }
    }

    private static @Nullable JsonNode first(List<JsonNode> items) {
      return items.isEmpty() ? null : items.getFirst();
    }

    private static boolean sameItems(List<JsonNode> left, List<JsonNode> right) {
      if (left.size() != right.size()) {
        return false;
      }
      for (int i = 0; i < left.size(); i++) {
        if (!JsonValues.equal(left.get(i), right.get(i))) {
          return false;
        }
      }
      return true;
    }

    private static Map<PathElement, List<JsonNode>> index(
        FieldType.Sequence sequence, @Nullable JsonNode list) {
      Map<PathElement, List<JsonNode>> items = new TreeMap<>();
      if (list != null) {
        list.forEach(
            item ->
                items
                    .computeIfAbsent(Shape.element(sequence, item), _ -> new ArrayList<>())
                    .add(item));
      }
      return items;
    }
  }
}
