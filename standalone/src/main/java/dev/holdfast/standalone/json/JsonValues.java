package dev.holdfast.standalone.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.util.Iterator;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Order, equality and text of JSON values: numbers by value (1 equals 1.0, which Jackson denies),
 * objects whatever the order of their fields.
 */
public final class JsonValues {
  private JsonValues() {}

  public static boolean equal(@Nullable JsonNode left, @Nullable JsonNode right) {
    if (left == null || right == null) {
      return left == null && right == null;
    }
    return compare(left, right) == 0;
  }

  /** A total order: numbers, strings, booleans, arrays, objects, null. */
  public static int compare(JsonNode left, JsonNode right) {
    int byKind = Integer.compare(rank(left), rank(right));
    if (byKind != 0) {
      return byKind;
    }
    return switch (left.getNodeType()) {
      case NUMBER -> compareNumbers(left, right);
      case STRING -> left.textValue().compareTo(right.textValue());
      case BOOLEAN -> Boolean.compare(left.booleanValue(), right.booleanValue());
      case ARRAY -> compareArrays(left, right);
      case OBJECT -> compareObjects(left, right);
      case NULL, MISSING, BINARY, POJO -> 0;
    };
  }

  /** As conflicts show it: strings quoted, the rest plain. */
  public static String text(JsonNode value) {
    if (value.isArray()) {
      return StreamSupport.stream(value.spliterator(), false)
          .map(JsonValues::text)
          .collect(Collectors.joining(",", "[", "]"));
    }
    return value.toString();
  }

  private static int rank(JsonNode node) {
    JsonNodeType type = node.getNodeType();
    return switch (type) {
      case NUMBER -> 0;
      case STRING -> 1;
      case BOOLEAN -> 2;
      case ARRAY -> 3;
      case OBJECT -> 4;
      case NULL, MISSING, BINARY, POJO -> 5;
    };
  }

  private static int compareNumbers(JsonNode left, JsonNode right) {
    if (left.isIntegralNumber() && right.isIntegralNumber()) {
      return left.bigIntegerValue().compareTo(right.bigIntegerValue());
    }
    return Double.compare(left.doubleValue(), right.doubleValue());
  }

  private static int compareArrays(JsonNode left, JsonNode right) {
    Iterator<JsonNode> others = right.iterator();
    for (JsonNode item : left) {
      if (!others.hasNext()) {
        return 1;
      }
      int order = compare(item, others.next());
      if (order != 0) {
        return order;
      }
    }
    return others.hasNext() ? -1 : 0;
  }

  private static int compareObjects(JsonNode left, JsonNode right) {
    TreeSet<String> names = new TreeSet<>();
    left.fieldNames().forEachRemaining(names::add);
    right.fieldNames().forEachRemaining(names::add);
    for (String name : names) {
      JsonNode mine = left.get(name);
      JsonNode other = right.get(name);
      if (mine == null || other == null) {
        return mine == null ? 1 : -1;
      }
      int order = compare(mine, other);
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }
}
