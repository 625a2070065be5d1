package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Equality of JSON values as Go's decoder sees them: whatever class Jackson gave a number. */
final class JsonValues {
  private JsonValues() {}

  static boolean equal(@Nullable JsonNode left, @Nullable JsonNode right) {
    if (left == null || right == null) {
      return left == null && right == null;
    }
    if (left.isNumber() && right.isNumber()) {
      return (left.isIntegralNumber() && right.isIntegralNumber())
          ? left.bigIntegerValue().equals(right.bigIntegerValue())
          : left.doubleValue() == right.doubleValue();
    }
    if (left.isObject() && right.isObject()) {
      return left.size() == right.size()
          && left.properties().stream().allMatch(field -> sameField(field, right));
    }
    if (left.isArray() && right.isArray()) {
      if (left.size() != right.size()) {
        return false;
      }
      for (int i = 0; i < left.size(); i++) {
        if (!equal(left.get(i), right.get(i))) {
          return false;
        }
      }
      return true;
    }
    return left.equals(right);
  }

  private static boolean sameField(Map.Entry<String, JsonNode> field, JsonNode other) {
    return equal(field.getValue(), other.get(field.getKey()));
  }
}
