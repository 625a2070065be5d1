package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.resource.ApiException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;

/**
 * Reads the few messages that kubectl 1.32 and newer sends in protobuf. The frame is that of
 * apimachinery's runtime.Unknown; the field numbers are those of k8s.io/api's generated.proto.
 */
final class Protobuf {
  static final String TYPE = "application/vnd.kubernetes.protobuf";
  private static final byte[] MAGIC = {'k', '8', 's', 0};

  private sealed interface Field {
    record Text(String name) implements Field {}

    record Texts(String name) implements Field {}

    record Bool(String name) implements Field {}

    record Message(String name, Map<Integer, Field> fields) implements Field {}

    record Messages(String name, Map<Integer, Field> fields) implements Field {}

    record TextMap(String name) implements Field {}

    record BytesMap(String name) implements Field {}
  }

  private static final Field METADATA =
      new Field.Message(
          "metadata",
          Map.of(
              1, new Field.Text("name"),
              2, new Field.Text("generateName"),
              3, new Field.Text("namespace"),
              5, new Field.Text("uid"),
              6, new Field.Text("resourceVersion"),
              11, new Field.TextMap("labels"),
              12, new Field.TextMap("annotations"),
              14, new Field.Texts("finalizers")));

  private static final Map<Integer, Field> NAMED = Map.of(1, new Field.Text("name"));
  private static final Map<Integer, Field> REFERENCE =
      Map.of(
          1, new Field.Text("kind"),
          2, new Field.Text("namespace"),
          3, new Field.Text("name"),
          4, new Field.Text("uid"));

  private static final Map<String, Map<Integer, Field>> KINDS =
      Map.of(
          "Namespace",
          Map.of(
              1, METADATA, 2, new Field.Message("spec", Map.of(1, new Field.Texts("finalizers")))),
          "ConfigMap",
          Map.of(
              1, METADATA,
              2, new Field.TextMap("data"),
              3, new Field.BytesMap("binaryData"),
              4, new Field.Bool("immutable")),
          "Secret",
          Map.of(
              1, METADATA,
              2, new Field.BytesMap("data"),
              3, new Field.Text("type"),
              4, new Field.TextMap("stringData"),
              5, new Field.Bool("immutable")),
          "ServiceAccount",
          Map.of(
              1, METADATA,
              2, new Field.Messages("secrets", REFERENCE),
              3, new Field.Messages("imagePullSecrets", NAMED),
              4, new Field.Bool("automountServiceAccountToken")),
          "SelfSubjectReview",
          Map.of(1, METADATA),
          "SelfSubjectRulesReview",
          Map.of(1, METADATA, 2, new Field.Message("spec", Map.of(1, new Field.Text("namespace")))),
          "SelfSubjectAccessReview",
          Map.of(1, METADATA, 2, new Field.Message("spec", accessReview())));

  private final byte[] bytes;
  private final int end;
  private int at;

  private Protobuf(byte[] bytes, int from, int end) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
  }

  private static Map<Integer, Field> accessReview() {
    return Map.of(
        1,
        new Field.Message(
            "resourceAttributes",
            Map.of(
                1, new Field.Text("namespace"),
                2, new Field.Text("verb"),
                3, new Field.Text("group"),
                4, new Field.Text("version"),
                5, new Field.Text("resource"),
                6, new Field.Text("subresource"),
                7, new Field.Text("name"))),
        2,
        new Field.Message(
            "nonResourceAttributes", Map.of(1, new Field.Text("path"), 2, new Field.Text("verb"))));
  }

  /** Whether a kind can be read. */
  static boolean knows(String kind) {
    return KINDS.containsKey(kind);
  }

  /**
   * The object in a body.
   *
   * @throws ApiException 400 when it is damaged, 415 when it is of a kind that is not understood
   */
  static ObjectNode read(byte[] body) {
    if (body.length < MAGIC.length
        || !Arrays.equals(body, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw ApiException.badRequest("provided data does not appear to be a protobuf message");
    }
    ObjectNode type = Json.object();
    byte[] raw = new byte[0];
    try {
      Protobuf unknown = new Protobuf(body, MAGIC.length, body.length);
      while (unknown.at < unknown.end) {
        long tag = unknown.varint();
        byte[] value = unknown.value((int) (tag & 7));
        if (tag >>> 3 == 1) {
          new Protobuf(value, 0, value.length)
              .message(Map.of(1, new Field.Text("apiVersion"), 2, new Field.Text("kind")), type);
        } else if (tag >>> 3 == 2) {
          raw = value;
        }
      }
      Map<Integer, Field> fields = KINDS.get(Json.textAt(type, "kind"));
      if (fields == null) {
        throw ApiException.unsupportedMediaType("application/json, application/yaml");
      }
      return new Protobuf(raw, 0, raw.length).message(fields, type);
    } catch (IndexOutOfBoundsException e) {
      throw ApiException.badRequest("the protobuf message is damaged: " + e.getMessage());
    }
  }

  private ObjectNode message(Map<Integer, Field> fields, ObjectNode into) {
    while (at < end) {
      long tag = varint();
      int wire = (int) (tag & 7);
      Field field = fields.get((int) (tag >>> 3));
      if (wire == 0) {
        long number = varint();
        if (field instanceof Field.Bool bool) {
          into.put(bool.name(), number != 0);
        }
        continue;
      }
      byte[] value = value(wire);
      if (field != null) {
        put(field, value, into);
      }
    }
    return into;
  }

  private static void put(Field field, byte[] value, ObjectNode into) {
    switch (field) {
      case Field.Text text -> {
        if (value.length > 0) {
          into.put(text.name(), utf8(value));
        }
      }
      case Field.Texts texts -> into.withArrayProperty(texts.name()).add(utf8(value));
      case Field.Bool ignored -> {}
      case Field.Message message ->
          into.set(
              message.name(),
              new Protobuf(value, 0, value.length).message(message.fields(), Json.object()));
      case Field.Messages messages ->
          into.withArrayProperty(messages.name())
              .add(new Protobuf(value, 0, value.length).message(messages.fields(), Json.object()));
      case Field.TextMap map -> {
        JsonNode entry = entry(value, false);
        into.withObjectProperty(map.name())
            .put(entry.path("key").asText(), entry.path("value").asText());
      }
      case Field.BytesMap map -> {
        JsonNode entry = entry(value, true);
        into.withObjectProperty(map.name())
            .put(entry.path("key").asText(), entry.path("value").asText());
      }
    }
  }

  private static JsonNode entry(byte[] bytes, boolean binary) {
    ObjectNode entry = Json.object();
    Protobuf reader = new Protobuf(bytes, 0, bytes.length);
    while (reader.at < reader.end) {
      long tag = reader.varint();
      byte[] value = reader.value((int) (tag & 7));
      if (tag >>> 3 == 1) {
        entry.put("key", utf8(value));
      } else {
        entry.put("value", binary ? Base64.getEncoder().encodeToString(value) : utf8(value));
      }
    }
    return entry;
  }

  private static String utf8(byte[] value) {
    return new String(value, StandardCharsets.UTF_8);
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = bytes[at++];
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IndexOutOfBoundsException("a number does not end");
  }

  private byte[] value(int wire) {
    int length =
        switch (wire) {
          case 0 -> {
            varint();
            yield 0;
          }
          case 1 -> 8;
          case 2 -> Math.toIntExact(Math.min(varint(), Integer.MAX_VALUE));
          case 5 -> 4;
          default -> throw new IndexOutOfBoundsException("unknown wire type " + wire);
        };
    if (length < 0 || length > end - at) {
      throw new IndexOutOfBoundsException("a field is longer than the message");
    }
    byte[] value = Arrays.copyOfRange(bytes, at, at + length);
    at += length;
    return value;
  }
}
