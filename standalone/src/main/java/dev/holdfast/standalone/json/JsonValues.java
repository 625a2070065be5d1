package dev.holdfast.standalone.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeType;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Order, equality and text of JSON values: numbers by value (1 equals 1.0, which Jackson denies),
 * objects whatever the order of their fields.
 */
public final class JsonValues {
  private static final List<JsonNodeType> ORDER =
      List.of(
          JsonNodeType.NUMBER,
          JsonNodeType.STRING,
          JsonNodeType.BOOLEAN,
          JsonNodeType.ARRAY,
          JsonNodeType.OBJECT,
          JsonNodeType.NULL);

  private JsonValues() {}

  public static boolean equal(@Nullable JsonNode left, @Nullable JsonNode right) {
    if (left == null || right == null) {
      return left == null && right == null;
    }
    return left.equals(JsonValues::compare, right);
  }

  /** A total order: numbers, strings, booleans, arrays, objects, null. */
  public static int compare(JsonNode left, JsonNode right) {
    if (left.getNodeType() != right.getNodeType()) {
      return ORDER.indexOf(left.getNodeType()) - ORDER.indexOf(right.getNodeType());
    }
    return switch (left.getNodeType()) {
      case NUMBER ->
          left.isIntegralNumber() && right.isIntegralNumber()
              ? left.bigIntegerValue().compareTo(right.bigIntegerValue())
              : Double.compare(left.doubleValue(), right.doubleValue());
      case STRING -> left.textValue().compareTo(right.textValue());
      case BOOLEAN -> Boolean.compare(left.booleanValue(), right.booleanValue());
      case ARRAY -> Arrays.compare(items(left), items(right), JsonValues::compare);
      case OBJECT -> compareObjects(left, right);
      case NULL, MISSING, BINARY, POJO -> 0;
    };
  }

  /** As conflicts show it: strings quoted, the rest plain. */
  public static String text(JsonNode value) {
    return value.toString();
  }

  private static JsonNode[] items(JsonNode array) {
    return array.valueStream().toArray(JsonNode[]::new);
  }

  private static int compareObjects(JsonNode left, JsonNode right) {
    TreeSet<String> names = new TreeSet<>();
    left.fieldNames().forEachRemaining(names::add);
    right.fieldNames().forEachRemaining(names::add);
    for (String name : names) {
      JsonNode mine = left.get(name);
      JsonNode other = right.get(name);
      int order = mine == null ? 1 : other == null ? -1 : compare(mine, other);
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }
}
