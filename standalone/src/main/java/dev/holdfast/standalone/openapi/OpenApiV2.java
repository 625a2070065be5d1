package dev.holdfast.standalone.openapi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.CodedOutputStream;
import dev.holdfast.standalone.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/**
 * Schemas in version 2 of OpenAPI, for {@code kubectl} before 1.27 and for Argo CD: as JSON, and as
 * a message of gnostic's openapi.v2.Document, whose field numbers these are.
 */
public final class OpenApiV2 {
  public static final String PROTOBUF =
      "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

  private static final Map<String, Integer> TEXTS =
      Map.of("$ref", 1, "format", 2, "title", 3, "description", 4, "pattern", 13);
  private static final Map<String, Integer> NUMBERS =
      Map.of("multipleOf", 6, "maximum", 7, "minimum", 9);
  private static final Map<String, Integer> FLAGS =
      Map.of("exclusiveMaximum", 8, "exclusiveMinimum", 10, "uniqueItems", 16);
  private static final Map<String, Integer> SIZES =
      Map.of(
          "maxLength", 11,
          "minLength", 12,
          "maxItems", 14,
          "minItems", 15,
          "maxProperties", 17,
          "minProperties", 18);

  private interface Content {
    void write(CodedOutputStream out) throws IOException;
  }

  private OpenApiV2() {}

  /** What a document of version 3 says. */
  static ObjectNode document(ObjectNode v3) {
    ObjectNode document = Json.object().put("swagger", "2.0");
    document.putObject("info").put("title", "Holdfast").put("version", "v1");
    ObjectNode paths = document.putObject("paths");
    v3.path("paths")
        .properties()
        .forEach(path -> paths.putObject(path.getKey()).set("patch", operation(path.getValue())));
    document.set("definitions", each(v3.path("components").path("schemas")));
    document.putObject("parameters");
    return document;
  }

  private static ObjectNode operation(JsonNode path) {
    ObjectNode operation = path.path("patch").deepCopy();
    for (JsonNode parameter : operation.path("parameters")) {
      ObjectNode flat = (ObjectNode) parameter;
      flat.setAll((ObjectNode) flat.remove("schema"));
    }
    return operation;
  }

  private static ObjectNode each(JsonNode schemas) {
    ObjectNode all = Json.object();
    schemas.properties().forEach(schema -> all.set(schema.getKey(), converted(schema.getValue())));
    return all;
  }

  // What only version 3 can say is left out, as a real server does.
  private static JsonNode converted(JsonNode schema) {
    if (schema.isBoolean()) {
      return schema;
    }
    ObjectNode result = Json.object();
    JsonNode reference = schema.path("allOf").path(0).path("$ref");
    if (reference.isTextual()) {
      result.set("description", schema.path("description"));
      return result.put("$ref", reference(reference));
    }
    boolean anything =
        schema.path("nullable").asBoolean()
            || schema.path("x-kubernetes-preserve-unknown-fields").asBoolean();
    for (Map.Entry<String, JsonNode> field : schema.properties()) {
      JsonNode value = field.getValue();
      switch (field.getKey()) {
        case "nullable", "default", "allOf", "anyOf", "oneOf", "not" -> {}
        case "$ref" -> result.put("$ref", reference(value));
        case "type", "items", "additionalProperties", "properties" -> {
          if (!anything) {
            result.set(
                field.getKey(),
                switch (field.getKey()) {
                  case "type" -> value;
                  case "properties" -> each(value);
                  default -> converted(value);
                });
          }
        }
        default -> result.set(field.getKey(), value);
      }
    }
    if (schema.path("oneOf").path(0).path("type").asText().equals("string")) {
      result.put("type", "string"); // a Quantity
    }
    return result;
  }

  private static String reference(JsonNode v3) {
    return v3.asText().replace("#/components/schemas/", "#/definitions/");
  }

  /** The same as a message. */
  public static byte[] protobuf(ObjectNode document) {
    JsonNode about = document.path("info");
    return bytes(
        out -> {
          out.writeString(1, document.path("swagger").asText());
          message(
              out,
              2,
              info -> {
                info.writeString(1, about.path("title").asText());
                info.writeString(2, about.path("version").asText());
              });
          message(out, 8, paths -> paths(paths, document.path("paths")));
          message(out, 9, definitions -> schemas(definitions, document.path("definitions")));
        });
  }

  private static void paths(CodedOutputStream out, JsonNode paths) throws IOException {
    for (Map.Entry<String, JsonNode> path : paths.properties()) {
      JsonNode operation = path.getValue().path("patch");
      entry(out, 2, path.getKey(), item -> message(item, 8, patch -> operation(patch, operation)));
    }
  }

  private static void operation(CodedOutputStream out, JsonNode operation) throws IOException {
    for (JsonNode parameter : operation.path("parameters")) {
      Content query =
          item -> {
            item.writeString(2, parameter.path("in").asText());
            item.writeString(4, parameter.path("name").asText());
            item.writeString(6, parameter.path("type").asText());
          };
      // A parameter, no reference; not in the body; in the query.
      message(out, 8, item -> message(item, 1, it -> message(it, 2, in -> message(in, 3, query))));
    }
    extensions(out, 13, operation);
  }

  private static void extensions(CodedOutputStream out, int number, JsonNode of)
      throws IOException {
    for (Map.Entry<String, JsonNode> field : of.properties()) {
      if (field.getKey().startsWith("x-")) {
        entry(out, number, field.getKey(), any(field.getValue()));
      }
    }
  }

  private static void schemas(CodedOutputStream out, JsonNode schemas) throws IOException {
    for (Map.Entry<String, JsonNode> schema : schemas.properties()) {
      entry(out, 1, schema.getKey(), content -> schema(content, schema.getValue()));
    }
  }

  /** A pair of a map. */
  private static void entry(CodedOutputStream out, int number, String name, Content value)
      throws IOException {
    message(
        out,
        number,
        pair -> {
          pair.writeString(1, name);
          message(pair, 2, value);
        });
  }

  private static void schema(CodedOutputStream out, JsonNode schema) throws IOException {
    for (Map.Entry<String, JsonNode> field : schema.properties()) {
      String name = field.getKey();
      JsonNode value = field.getValue();
      if (TEXTS.containsKey(name)) {
        out.writeString(TEXTS.get(name), value.asText());
      } else if (NUMBERS.containsKey(name)) {
        out.writeDouble(NUMBERS.get(name), value.asDouble());
      } else if (FLAGS.containsKey(name)) {
        out.writeBool(FLAGS.get(name), value.asBoolean());
      } else if (SIZES.containsKey(name)) {
        out.writeInt64(SIZES.get(name), value.asLong());
      } else {
        nested(out, name, value);
      }
    }
    extensions(out, 31, schema);
  }

  private static void nested(CodedOutputStream out, String name, JsonNode value)
      throws IOException {
    switch (name) {
      case "required" -> {
        for (JsonNode each : value) {
          out.writeString(19, each.asText());
        }
      }
      case "enum" -> {
        for (JsonNode each : value) {
          message(out, 20, any(each));
        }
      }
      case "additionalProperties" ->
          message(
              out,
              21,
              item -> {
                if (value.isBoolean()) {
                  item.writeBool(2, value.asBoolean());
                } else {
                  message(item, 1, content -> schema(content, value));
                }
              });
      case "type" -> message(out, 22, type -> type.writeString(1, value.asText()));
      case "items" ->
          message(out, 23, items -> message(items, 1, content -> schema(content, value)));
      case "properties" -> message(out, 25, properties -> schemas(properties, value));
      default -> {}
    }
  }

  /** Any value, as YAML, which JSON is. */
  private static Content any(JsonNode value) {
    return any -> any.writeString(2, value.toString());
  }

  private static void message(CodedOutputStream out, int number, Content content)
      throws IOException {
    out.writeByteArray(number, bytes(content));
  }

  private static byte[] bytes(Content content) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    try {
      content.write(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}
