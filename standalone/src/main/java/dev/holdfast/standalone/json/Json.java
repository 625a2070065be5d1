package dev.holdfast.standalone.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NumericNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads and writes JSON. */
public final class Json {
  private static final int MAX_DEPTH = 500; // far beyond any manifest, far below a stack overflow
  // A value of two bytes takes some hundred in memory; the largest definitions have some 50,000.
  static final int MAX_VALUES = 200_000;
  private static final int MAX_DUPLICATES = 100; // that are told
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final ObjectMapper MAPPER =
      new ObjectMapper(
          JsonFactory.builder()
              .streamReadConstraints(
                  StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
              .build());

  private static final ObjectWriter PLAIN = MAPPER.writer();
  private static final ObjectWriter SORTED = PLAIN.with(JsonNodeFeature.WRITE_PROPERTIES_SORTED);
  private static final ObjectWriter PRETTY = MAPPER.writerWithDefaultPrettyPrinter();

  private Json() {}

  public static ObjectNode object() {
    return NODES.objectNode();
  }

  /** An object of names and values in turn: trees, or what Jackson makes trees of; no nulls. */
  public static ObjectNode object(@Nullable Object... fields) {
    ObjectNode object = NODES.objectNode();
    for (int i = 0; i < fields.length; i += 2) {
      Object value = fields[i + 1];
      if (value != null) {
        object.set(
            (String) fields[i], value instanceof JsonNode tree ? tree : MAPPER.valueToTree(value));
      }
    }
    return object;
  }

  public static ArrayNode array() {
    return NODES.arrayNode();
  }

  /** A number as parsing would give it, so that trees that were built and parsed are equal. */
  public static NumericNode number(long value) {
    return (int) value == value ? NODES.numberNode((int) value) : NODES.numberNode(value);
  }

  /**
   * Makes integers of floating-point numbers without a fraction, in place where it is a container:
   * Go writes them so, and reads them again as integers.
   */
  public static JsonNode integers(JsonNode node) {
    if (node instanceof ObjectNode object) {
      object.properties().forEach(field -> field.setValue(integers(field.getValue())));
    } else if (node instanceof ArrayNode array) {
      array.forEach(Json::integers);
      for (int i = 0; i < array.size(); i++) {
        if (array.get(i).isDouble()) {
          array.set(i, integers(array.get(i)));
        }
      }
    } else if (node.isDouble() && node.canConvertToExactIntegral() && node.canConvertToLong()) {
      return number(node.longValue());
    }
    return node;
  }

  /** As {@link #sortedBytes}, with {@code <}, {@code >} and {@code &} escaped, as Go does too. */
  public static String escaped(JsonNode node) {
    String text = new String(sortedBytes(integers(node)), StandardCharsets.UTF_8);
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026");
  }

  public static byte[] bytes(JsonNode node) {
    return write(PLAIN, node);
  }

  /** With the fields of every object in the order of their names, as Go writes maps. */
  public static byte[] sortedBytes(JsonNode node) {
    return write(SORTED, node);
  }

  public static byte[] prettyBytes(JsonNode node) {
    return write(PRETTY, node);
  }

  static byte[] write(ObjectWriter writer, JsonNode node) {
    try {
      return writer.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes prettily what need not fit in memory; its closing leaves the stream open. */
  public static JsonGenerator generator(OutputStream out) throws IOException {
    return MAPPER
        .writerWithDefaultPrettyPrinter()
        .without(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
        .createGenerator(out);
  }

  public static String text(JsonNode node) {
    return node.toString();
  }

  /** Reads an object that this program has written. */
  public static ObjectNode trusted(byte[] json) {
    try {
      return (ObjectNode) MAPPER.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads what a client has sent.
   *
   * @throws MalformedDocumentException when it is not JSON
   */
  public static ParsedDocument parse(byte[] json) {
    List<String> duplicates = new ArrayList<>();
    try (JsonParser parser = MAPPER.createParser(json)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        throw new MalformedDocumentException("unexpected end of JSON input");
      }
      JsonNode value = new Reading(parser, duplicates).read(new Place(null, ""));
      if (parser.nextToken() != null) {
        throw new MalformedDocumentException("invalid character after top-level value");
      }
      return new ParsedDocument(value, duplicates, false);
    } catch (JsonEOFException e) {
      throw new MalformedDocumentException("unexpected end of JSON input");
    } catch (JsonProcessingException e) {
      throw new MalformedDocumentException(describe(json, e));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Where a value is; made a text only when it has to be told. */
  private record Place(@Nullable Place in, String step) {
    @Override
    public String toString() {
      return in == null ? step : (in + step).replaceFirst("^\\.", "");
    }
  }

  private static final class Reading {
    private final JsonParser parser;
    private final List<String> duplicates;
    private int values;

    Reading(JsonParser parser, List<String> duplicates) {
      this.parser = parser;
      this.duplicates = duplicates;
    }

    JsonNode read(Place place) throws IOException {
      if (++values > MAX_VALUES) {
        throw new MalformedDocumentException(
            "the document has more than " + MAX_VALUES + " values");
      }
      JsonToken token = parser.currentToken();
      if (token == JsonToken.START_OBJECT) {
        ObjectNode object = NODES.objectNode();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String name = parser.currentName();
          Place child = new Place(place, "." + name);
          parser.nextToken();
          if (object.replace(name, read(child)) != null && duplicates.size() < MAX_DUPLICATES) {
            duplicates.add("duplicate field \"" + child + "\"");
          }
        }
        return object;
      }
      if (token == JsonToken.START_ARRAY) {
        ArrayNode array = NODES.arrayNode();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          array.add(read(new Place(place, "[" + array.size() + "]")));
        }
        return array;
      }
      JsonNode value = MAPPER.readTree(parser);
      if (value.isNumber() && Double.isInfinite(value.doubleValue())) {
        throw new MalformedDocumentException("a number is out of range");
      }
      return value.isBigInteger() ? NODES.numberNode(value.doubleValue()) : value; // as Go does
    }
  }

  /** The words of Go's encoding/json, which users of kubectl know. */
  private static String describe(byte[] json, JsonProcessingException problem) {
    if (problem instanceof StreamConstraintsException) {
      // Too deep, too long: it has no place of its own, and its words say which limit was met.
      return problem.getOriginalMessage();
    }
    int offset = (int) problem.getLocation().getByteOffset();
    String at = offset >= 0 && offset < json.length ? "'" + (char) (json[offset] & 0xff) + "'" : "";
    if (problem.getOriginalMessage().contains("expecting double-quote to start field name")) {
      return "invalid character " + at + " looking for beginning of object key string";
    }
    return "invalid character " + at + " looking for beginning of value";
  }

  /** What Go's encoding/json calls the type of a value. */
  public static String goType(JsonNode value) {
    return switch (value.getNodeType()) {
      case BOOLEAN -> "bool";
      case NUMBER -> "number";
      case STRING -> "string";
      case ARRAY -> "array";
      case OBJECT, POJO, BINARY, MISSING, NULL -> "object";
    };
  }

  /** A value as Go prints it: {@code map[a:1 b:[x <nil>]]}. */
  public static String goText(JsonNode value) {
    if (value.isObject()) {
      return value.properties().stream()
          .sorted(Map.Entry.comparingByKey())
          .map(field -> field.getKey() + ":" + goText(field.getValue()))
          .collect(Collectors.joining(" ", "map[", "]"));
    }
    if (value.isArray()) {
      return items(value).stream().map(Json::goText).collect(Collectors.joining(" ", "[", "]"));
    }
    return value.isNull()
        ? "<nil>"
        : value.isDouble() ? goNumber(value.doubleValue()) : value.asText();
  }

  /** The shortest form of a floating-point number, as Go's %v has it. */
  private static String goNumber(double value) {
    BigDecimal number = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    int exponent = number.precision() - number.scale() - 1;
    if (number.signum() == 0 || (exponent >= -4 && exponent < 6)) {
      return number.toPlainString();
    }
    return number.movePointLeft(exponent)
        + String.format("e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
  }

  /** The object at a path of field names, or null when there is none. */
  public static @Nullable ObjectNode objectAt(JsonNode root, String... path) {
    JsonNode node = at(root, path);
    return node instanceof ObjectNode object ? object : null;
  }

  /** The text at a path of field names; empty when there is none. */
  public static String textAt(JsonNode root, String... path) {
    return at(root, path).asText("");
  }

  /** The texts of the list at a path of field names; none when there is no list. */
  public static List<String> textsAt(JsonNode root, String... path) {
    List<String> texts = new ArrayList<>();
    at(root, path).forEach(item -> texts.add(item.asText()));
    return texts;
  }

  /** The items of a list; none when it is not a list. */
  public static List<JsonNode> items(JsonNode list) {
    List<JsonNode> items = new ArrayList<>();
    if (list.isArray()) {
      list.forEach(items::add);
    }
    return items;
  }

  /** What is at a path of field names, or a missing node. */
  public static JsonNode at(JsonNode root, String... path) {
    JsonNode node = root;
    for (String name : path) {
      node = node.path(name);
    }
    return node;
  }
}
