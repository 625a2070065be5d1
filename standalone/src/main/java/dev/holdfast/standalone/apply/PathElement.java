package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.holdfast.standalone.json.JsonValues;
import java.util.Comparator;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * One step of a field's path. Ordered as in FieldsV1: fields, keyed items, values, indexes.
 * Equality is that of the order, so that a key 80 is the key 80.0.
 */
sealed interface PathElement extends Comparable<PathElement> {

  /** A field of an object. */
  record Field(String name) implements PathElement {
    @Override
    public String toString() {
      return "." + name;
    }
  }

  /** The item of a list that has these values in its key fields. */
  record Key(SortedMap<String, JsonNode> values) implements PathElement {
    @Override
    public String toString() {
      return values.entrySet().stream()
          .map(entry -> entry.getKey() + "=" + JsonValues.text(entry.getValue()))
          .collect(Collectors.joining(",", "[", "]"));
    }
  }

  /** The item of a set that has this value. */
  record Value(JsonNode value) implements PathElement {
    @Override
    public String toString() {
      return "[=" + JsonValues.text(value) + "]";
    }
  }

  /** The item at this place, from 0. */
  record Index(int index) implements PathElement {
    @Override
    public String toString() {
      return "[" + index + "]";
    }
  }

  @Override
  default int compareTo(PathElement other) {
    return switch (this) {
      case Field(String name) when other instanceof Field(String otherName) ->
          name.compareTo(otherName);
      case Key(var values) when other instanceof Key(var otherValues) ->
          compareKeys(values, otherValues);
      case Value(JsonNode value) when other instanceof Value(JsonNode otherValue) ->
          JsonValues.compare(value, otherValue);
      case Index(int index) when other instanceof Index(int otherIndex) ->
          Integer.compare(index, otherIndex);
      case Field _, Key _, Value _, Index _ -> Integer.compare(rank(), other.rank());
    };
  }

  private int rank() {
    return switch (this) {
      case Field _ -> 0;
      case Key _ -> 1;
      case Value _ -> 2;
      case Index _ -> 3;
    };
  }

  private static int compareKeys(
      SortedMap<String, JsonNode> left, SortedMap<String, JsonNode> right) {
    Comparator<Map.Entry<String, JsonNode>> order =
        Map.Entry.<String, JsonNode>comparingByKey()
            .thenComparing(Map.Entry::getValue, JsonValues::compare);
    Iterator<Map.Entry<String, JsonNode>> others = right.entrySet().iterator();
    for (Map.Entry<String, JsonNode> entry : left.entrySet()) {
      if (!others.hasNext()) {
        return 1;
      }
      int result = order.compare(entry, others.next());
      if (result != 0) {
        return result;
      }
    }
    return others.hasNext() ? -1 : 0;
  }

  /** The key of this element in FieldsV1: {@code f:name}, {@code k:{"name":"a"}}. */
  default String serialised() {
    return switch (this) {
      case Field(String name) -> "f:" + name;
      case Key(var values) ->
          values.entrySet().stream()
              .map(entry -> goJson(Json.text(entry.getKey())) + ":" + goJson(entry.getValue()))
              .collect(Collectors.joining(",", "k:{", "}"));
      case Value(JsonNode value) -> "v:" + goJson(value);
      case Index(int index) -> "i:" + index;
    };
  }

  /** Go escapes these three wherever it writes JSON; a key that differs is another key. */
  private static String goJson(JsonNode value) {
    return value.toString().replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026");
  }

  /**
   * Parses a key of FieldsV1.
   *
   * @return empty for a kind that a later version may have added
   * @throws IllegalArgumentException if it is malformed
   */
  static Optional<PathElement> parse(String serialised) {
    if (serialised.length() < 2 || serialised.charAt(1) != ':') {
      throw new IllegalArgumentException("not a key of FieldsV1: " + serialised);
    }
    String content = serialised.substring(2);
    return switch (serialised.charAt(0)) {
      case 'f' -> Optional.of(new Field(content));
      case 'k' -> {
        SortedMap<String, JsonNode> values = new TreeMap<>();
        Json.parse(content)
            .properties()
            .forEach(entry -> values.put(entry.getKey(), entry.getValue()));
        yield Optional.of(new Key(values));
      }
      case 'v' -> Optional.of(new Value(Json.parse(content)));
      case 'i' -> Optional.of(new Index(Integer.parseInt(content)));
      default -> Optional.empty();
    };
  }

  /** Strict parsing of what stands inside a key. */
  final class Json {
    private static final ObjectMapper MAPPER =
        new ObjectMapper()
            .enable(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private Json() {}

    static JsonNode text(String value) {
      return MAPPER.getNodeFactory().textNode(value);
    }

    static JsonNode parse(String text) {
      try {
        return MAPPER.readTree(text);
      } catch (JsonProcessingException e) {
        throw new IllegalArgumentException("not JSON inside a key of FieldsV1: " + text, e);
      }
    }
  }
}
