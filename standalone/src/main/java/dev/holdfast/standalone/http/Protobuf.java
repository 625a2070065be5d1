package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.Yaml;
import dev.holdfast.standalone.resource.ApiException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads the few messages that kubectl 1.32 and newer sends in protobuf, as {@code protobuf.yaml}
 * describes them. The frame is that of apimachinery's runtime.Unknown.
 */
final class Protobuf {
  static final String TYPE = "application/vnd.kubernetes.protobuf";
  private static final byte[] MAGIC = {'k', '8', 's', 0};
  private static final ObjectNode MESSAGES = Yaml.resource(Protobuf.class, "protobuf.yaml");

  private Protobuf() {}

  /** Whether a kind can be read. */
  static boolean knows(String kind) {
    return MESSAGES.has(kind);
  }

  /**
   * The object in a body.
   *
   * @throws ApiException 400 when it is damaged, 415 when it is of a kind that is not understood
   */
  static ObjectNode read(byte[] body) {
    if (body.length < MAGIC.length || Arrays.mismatch(MAGIC, body) != MAGIC.length) {
      throw ApiException.badRequest("provided data does not appear to be a protobuf message");
    }
    try {
      ObjectNode frame = read(Arrays.copyOfRange(body, MAGIC.length, body.length), "Unknown");
      String kind = Json.textAt(frame, "type", "kind");
      if (!knows(kind)) {
        throw ApiException.unsupportedMediaType("application/json, application/yaml");
      }
      ObjectNode object = frame.withObjectProperty("type");
      return frame.has("raw") ? object.setAll(read(frame.get("raw").binaryValue(), kind)) : object;
    } catch (IOException e) {
      throw ApiException.badRequest("the protobuf message is damaged: " + e.getMessage());
    }
  }

  private static ObjectNode read(byte[] message, String type) throws IOException {
    JsonNode fields = MESSAGES.path(type);
    ObjectNode object = Json.object();
    CodedInputStream in = CodedInputStream.newInstance(message);
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      String field = fields.path(Integer.toString(WireFormat.getTagFieldNumber(tag))).asText();
      String[] words = (field.contains(" ") ? field : field + " text").split(" ", -1);
      boolean number = WireFormat.getTagWireType(tag) == WireFormat.WIRETYPE_VARINT;
      if (field.isEmpty() || number != words[1].equals("bool")) {
        in.skipField(tag);
      } else if (number) {
        object.put(words[0], in.readBool());
      } else {
        put(object, words[0], words[1], words.length > 2 ? words[2] : "", in.readByteArray());
      }
    }
    return object;
  }

  private static void put(ObjectNode in, String name, String type, String many, byte[] bytes)
      throws IOException {
    switch (many) {
      case "list" -> in.withArrayProperty(name).add(value(type, bytes));
      case "map" -> { // bytes as text are base64, as JSON has them
        JsonNode entry = read(bytes, type + "Entry");
        in.withObjectProperty(name).put(entry.path("key").asText(), entry.path("value").asText());
      }
      default -> {
        if (bytes.length > 0 || !type.equals("text")) {
          in.set(name, value(type, bytes));
        }
      }
    }
  }

  private static JsonNode value(String type, byte[] bytes) throws IOException {
    return switch (type) {
      case "text" -> TextNode.valueOf(new String(bytes, StandardCharsets.UTF_8));
      case "bytes" -> BinaryNode.valueOf(bytes);
      default -> read(bytes, type);
    };
  }
}
