package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.resource.ApiException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/**
 * Reads the few messages that kubectl 1.32 and newer sends in protobuf. The frame is that of
 * apimachinery's runtime.Unknown; the field numbers are those of k8s.io/api's generated.proto.
 */
final class Protobuf {
  static final String TYPE = "application/vnd.kubernetes.protobuf";
  private static final byte[] MAGIC = {'k', '8', 's', 0};

  private enum Form {
    TEXT,
    BYTES,
    BOOL,
    MESSAGE,
    MAP
  }

  /**
   * A field of a message.
   *
   * @param fields of a message or of an entry of a map
   */
  private record Field(String name, Form form, boolean repeated, Map<Integer, Field> fields) {}

  private static final Map<Integer, Field> FRAME =
      Map.of(
          1,
          message("type", Map.of(1, text("apiVersion"), 2, text("kind"))),
          2,
          new Field("raw", Form.BYTES, false, Map.of()));

  private static final Field METADATA =
      message(
          "metadata",
          Map.of(
              1, text("name"),
              2, text("generateName"),
              3, text("namespace"),
              5, text("uid"),
              6, text("resourceVersion"),
              11, map("labels", Form.TEXT),
              12, map("annotations", Form.TEXT),
              14, texts("finalizers")));

  private static final Map<Integer, Field> REFERENCE =
      Map.of(1, text("kind"), 2, text("namespace"), 3, text("name"), 4, text("uid"));

  private static final Field RESOURCE_ATTRIBUTES =
      message(
          "resourceAttributes",
          Map.of(
              1, text("namespace"),
              2, text("verb"),
              3, text("group"),
              4, text("version"),
              5, text("resource"),
              6, text("subresource"),
              7, text("name")));

  private static final Field NON_RESOURCE_ATTRIBUTES =
      message("nonResourceAttributes", Map.of(1, text("path"), 2, text("verb")));

  private static final Map<String, Map<Integer, Field>> KINDS =
      Map.of(
          "Namespace",
          Map.of(1, METADATA, 2, message("spec", Map.of(1, texts("finalizers")))),
          "ConfigMap",
          Map.of(
              1, METADATA,
              2, map("data", Form.TEXT),
              3, map("binaryData", Form.BYTES),
              4, bool("immutable")),
          "Secret",
          Map.of(
              1, METADATA,
              2, map("data", Form.BYTES),
              3, text("type"),
              4, map("stringData", Form.TEXT),
              5, bool("immutable")),
          "ServiceAccount",
          Map.of(
              1,
              METADATA,
              2,
              new Field("secrets", Form.MESSAGE, true, REFERENCE),
              3,
              new Field("imagePullSecrets", Form.MESSAGE, true, Map.of(1, text("name"))),
              4,
              bool("automountServiceAccountToken")),
          "SelfSubjectReview",
          Map.of(1, METADATA),
          "SelfSubjectRulesReview",
          Map.of(1, METADATA, 2, message("spec", Map.of(1, text("namespace")))),
          "SelfSubjectAccessReview",
          Map.of(
              1,
              METADATA,
              2,
              message("spec", Map.of(1, RESOURCE_ATTRIBUTES, 2, NON_RESOURCE_ATTRIBUTES))));

  private Protobuf() {}

  private static Field text(String name) {
    return new Field(name, Form.TEXT, false, Map.of());
  }

  private static Field texts(String name) {
    return new Field(name, Form.TEXT, true, Map.of());
  }

  private static Field bool(String name) {
    return new Field(name, Form.BOOL, false, Map.of());
  }

  private static Field message(String name, Map<Integer, Field> fields) {
    return new Field(name, Form.MESSAGE, false, fields);
  }

  private static Field map(String name, Form values) {
    Field value = new Field("value", values, false, Map.of());
    return new Field(name, Form.MAP, false, Map.of(1, text("key"), 2, value));
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
    try {
      ObjectNode frame = read(Arrays.copyOfRange(body, MAGIC.length, body.length), FRAME);
      Map<Integer, Field> fields = KINDS.get(Json.textAt(frame, "type", "kind"));
      if (fields == null) {
        throw ApiException.unsupportedMediaType("application/json, application/yaml");
      }
      ObjectNode object = frame.withObjectProperty("type");
      return object.setAll(
          frame.has("raw") ? read(frame.get("raw").binaryValue(), fields) : Json.object());
    } catch (IOException e) {
      throw ApiException.badRequest("the protobuf message is damaged: " + e.getMessage());
    }
  }

  private static ObjectNode read(byte[] message, Map<Integer, Field> fields) throws IOException {
    ObjectNode object = Json.object();
    CodedInputStream in = CodedInputStream.newInstance(message);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      Field field = fields.get(WireFormat.getTagFieldNumber(tag));
      boolean number = WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT;
      if (field == null || number != (field.form() == Form.BOOL)) {
        in.skipField(tag);
      } else if (number) {
        object.put(field.name(), in.readBool());
      } else {
        put(object, field, in.readByteArray());
      }
    }
    return object;
  }

  private static void put(ObjectNode object, Field field, byte[] bytes) throws IOException {
    JsonNode value =
        switch (field.form()) {
          case TEXT, BOOL -> TextNode.valueOf(new String(bytes, StandardCharsets.UTF_8));
          case BYTES -> BinaryNode.valueOf(bytes);
          case MESSAGE, MAP -> read(bytes, field.fields());
        };
    if (field.form() == Form.MAP) { // bytes as text are base64, as JSON has them
      object
          .withObjectProperty(field.name())
          .put(value.path("key").asText(), value.path("value").asText());
    } else if (field.repeated()) {
      object.withArrayProperty(field.name()).add(value);
    } else if (field.form() != Form.TEXT || bytes.length > 0) {
      object.set(field.name(), value);
    }
  }
}
