package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.JsonValues;
import dev.holdfast.standalone.json.MalformedDocumentException;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a field's path, as FieldsV1 writes them: {@code f:name} a field, {@code
 * k:{"name":"a"}} the item with that key, {@code v:"a"} the item that is that value, {@code i:0}
 * the first item. Equal steps are equal texts: numbers, fields and escapes have one form each.
 */
final class Step {
  /** Fields, keys, values, indexes; numbers by their value. */
  static final Comparator<String> ORDER =
      Comparator.comparingInt((String step) -> "fkvi".indexOf(step.charAt(0)))
          .thenComparing((left, right) -> JsonValues.compare(content(left), content(right)));

  private Step() {}

  static String ofField(String name) {
    return "f:" + name;
  }

  /** The name in a step that is a field. */
  static String nameOf(String step) {
    return step.substring(2);
  }

  static String ofValue(JsonNode value) {
    return "v:" + Json.escaped(value);
  }

  /**
   * @param keys in their order
   */
  static String ofKeys(Map<String, JsonNode> keys) {
    return "k:" + Json.escaped(Json.object().setAll(keys));
  }

  /**
   * A step that somebody else wrote, in our form.
   *
   * @return null for a kind that a later version may have added
   * @throws IllegalArgumentException if it is malformed
   * @throws MalformedDocumentException if what is in it is no JSON
   */
  static @Nullable String parse(String step) {
    if (step.length() < 2 || step.charAt(1) != ':') {
      throw new IllegalArgumentException("not a key of FieldsV1: " + step);
    }
    return switch (step.charAt(0)) {
      case 'f' -> step;
      case 'k', 'v' -> step.substring(0, 2) + Json.escaped(content(step));
      case 'i' -> "i:" + Integer.parseInt(nameOf(step));
      default -> null;
    };
  }

  /**
   * As users see it in conflicts: {@code .spec}, {@code [name="a"]}, {@code [="a"]}, {@code [0]}.
   */
  static String display(String step) {
    return switch (step.charAt(0)) {
      case 'f' -> "." + nameOf(step);
      case 'k' ->
          content(step).properties().stream()
              .map(key -> key.getKey() + "=" + JsonValues.text(key.getValue()))
              .collect(Collectors.joining(",", "[", "]"));
      case 'v' -> "[=" + JsonValues.text(content(step)) + "]";
      default -> "[" + nameOf(step) + "]";
    };
  }

  private static JsonNode content(String step) {
    return step.charAt(0) == 'f'
        ? TextNode.valueOf(nameOf(step))
        : Json.parse(nameOf(step).getBytes(StandardCharsets.UTF_8)).value();
  }
}
