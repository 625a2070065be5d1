package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.MalformedDocumentException;
import dev.holdfast.standalone.json.ParsedDocument;
import dev.holdfast.standalone.json.Yaml;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.resource.WriteOptions.FieldValidation;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.ObjectMeta;
import dev.holdfast.standalone.schema.Schema;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * From what a client has sent to an object of its type: metadata in the form that decoding into
 * Go's ObjectMeta and encoding it again would give it, unknown fields removed and reported.
 */
public final class Decoding {
  private static final Map<String, Schema> METADATA =
      Objects.requireNonNull(ObjectMeta.FIELDS.get("metadata")).properties();
  private static final int SHOWN = 30;
  private static final String NO_JSON = "couldn't get version/kind; json parse error: ";
  private static final String GO_TYPE =
      "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string"
          + " \"json:\\\"kind,omitempty\\\"\" }";

  private Decoding() {}

  /**
   * Parses the body of a create or an update.
   *
   * @throws ApiException 400 when it is not an object
   */
  public static ParsedDocument parse(ResourceType type, byte[] body, boolean yaml) {
    ParsedDocument document;
    try {
      document = yaml ? Yaml.parse(body) : Json.parse(body);
    } catch (MalformedDocumentException e) {
      String shown = body.length == 0 ? "<empty>" : shortened(body);
      throw unrecognized(type, NO_JSON + e.getMessage() + " (" + shown + ")");
    }
    if (!(document.value() instanceof ObjectNode object)) {
      throw unrecognized(
          type,
          NO_JSON
              + "json: cannot unmarshal %s into Go value of type %s (%s)"
                  .formatted(
                      document.value().isArray() ? "array" : "value",
                      GO_TYPE,
                      HexFormat.of().formatHex(body)));
    }
    String kind = Json.textAt(object, "kind");
    if (kind.isEmpty() && type.has(Trait.CUSTOM)) {
      String text = new String(body, StandardCharsets.UTF_8);
      throw unrecognized(
          type, "Object 'Kind' is missing in '" + text + "' (" + shortened(body) + ")");
    }
    if (kind.isEmpty()) {
      object.put("kind", type.kind()); // typed kinds are known from the path
    } else if (!type.has(Trait.CUSTOM) && !kind.equals(type.kind())) {
      throw unrecognized(type, "no kind \"" + kind + "\" is registered");
    }
    if (Json.textAt(object, "apiVersion").isEmpty()) {
      object.put("apiVersion", type.apiVersion());
    }
    return document;
  }

  /**
   * The object of a document, with its metadata coerced and without unknown fields; they and
   * repeated ones are reported as the options ask for.
   *
   * @throws ApiException 400 when it is of another version, and in strict mode when there is
   *     something to report
   */
  static ObjectNode normalize(ResourceType type, ParsedDocument document, WriteOptions options) {
    ObjectNode object = (ObjectNode) document.value();
    String version = Json.textAt(object, "apiVersion");
    boolean rightVersion = version.equals(type.apiVersion());
    List<String> unknown =
        unknownFields(type, rightVersion ? type.schema().get() : StructuralSchema.empty(), object);
    List<String> duplicates = document.duplicates();
    List<String> problems = new ArrayList<>(duplicates);
    problems.addAll(unknown);
    if (mustRefuse(problems, options)) {
      if (document.yaml() && !duplicates.isEmpty()) {
        problems.subList(0, duplicates.size()).clear();
        problems.addFirst("yaml: unmarshal errors:\n  " + String.join("\n  ", duplicates));
      }
      throw ApiException.badRequest(
          cannotHandle(type) + "strict decoding error: " + String.join(", ", problems));
    }
    if (!rightVersion) {
      throw ApiException.badRequest(
          "the API version in the data (%s) does not match the expected API version (%s)"
              .formatted(version, type.apiVersion()));
    }
    if (!type.has(Trait.CUSTOM)) {
      requireGoType(type, type.schema().get().root(), object, type.kind());
    }
    return object;
  }

  /** Refuses what Go would not decode into its structs, before anything is validated. */
  private static void requireGoType(
      ResourceType type, Schema schema, JsonNode value, String field) {
    boolean right =
        switch (schema.type()) {
          case "array" -> value.isArray();
          case "object" -> value.isObject();
          case "integer" -> value.isIntegralNumber();
          case "string" -> value.isTextual();
          case "boolean" -> value.isBoolean();
          default -> true;
        };
    require(right, type, value, field, goType(schema));
    if (schema.items() != null) {
      value.forEach(item -> requireGoType(type, schema.items(), item, field));
    }
    for (Map.Entry<String, JsonNode> entry : value.properties()) {
      Schema declared = schema.field(entry.getKey());
      boolean known = schema.properties().containsKey(entry.getKey());
      if (declared != null && !known && entry.getValue().isNull()) {
        entry.setValue(TextNode.valueOf("")); // as Go reads it into a map of texts
      } else if (declared != null && !entry.getValue().isNull()) {
        String place = known ? field + "." + entry.getKey() : field;
        requireGoType(type, declared, entry.getValue(), place);
      }
      if (List.of("Secret.data", "ConfigMap.binaryData").contains(field)) {
        requireBase64(type, entry.getValue());
      }
    }
  }

  private static void requireBase64(ResourceType type, JsonNode text) {
    try {
      Base64.getDecoder().decode(text.asText());
    } catch (IllegalArgumentException e) {
      Matcher illegal = Pattern.compile("[^A-Za-z0-9+/=]").matcher(text.asText());
      int at = illegal.find() ? illegal.start() : text.asText().length() & ~3;
      throw ApiException.badRequest(cannotHandle(type) + "illegal base64 data at input byte " + at);
    }
  }

  /** As {@link #normalize}, of an object that a patch has made; in place. */
  static void normalizePatched(ResourceType type, ObjectNode object, WriteOptions options) {
    boolean strict = options.fieldValidation() == FieldValidation.STRICT;
    byte[] before = strict ? Json.sortedBytes(object) : new byte[0];
    List<String> unknown = unknownFields(type, type.schema().get(), object);
    if (mustRefuse(unknown, options)) {
      String text = new String(before, StandardCharsets.UTF_8);
      String quoted = text.replace("\\", "\\\\").replace("\"", "\\\"");
      String rule = "strict decoding error: " + String.join(", ", unknown);
      throw ApiException.invalid("", "", "", List.of(FieldError.invalid("patch", quoted, rule)));
    }
  }

  private static boolean mustRefuse(List<String> problems, WriteOptions options) {
    if (options.fieldValidation() == FieldValidation.WARN) {
      options.warnings().addAll(problems);
    }
    return options.fieldValidation() == FieldValidation.STRICT && !problems.isEmpty();
  }

  /**
   * The configuration of an apply, as a copy.
   *
   * @throws ApiException 400 and 500, as the real server refuses it
   */
  static ObjectNode configuration(Target target, ParsedDocument document) {
    ResourceType type = target.type();
    if (!(document.value() instanceof ObjectNode body)) {
      throw ApiException.badRequest("error decoding YAML: an object is wanted");
    }
    String apiVersion = Json.textAt(body, "apiVersion");
    if (!apiVersion.equals(type.apiVersion()) || !body.hasNonNull("kind")) {
      String given = apiVersion.isEmpty() ? "/" : apiVersion;
      throw ApiException.badRequest(
          "invalid object type: " + given + ", Kind=" + Json.textAt(body, "kind"));
    }
    if (!Json.at(body, "metadata", "managedFields").isEmpty()) {
      throw ApiException.badRequest("metadata.managedFields must be nil");
    }
    return (ObjectNode) Json.integers(body.deepCopy()); // as reading it as YAML does
  }

  /** A configuration that does not fit its schema. */
  static ApiException untyped(Target target, ObjectNode configuration, String why) {
    ResourceType type = target.type();
    return ApiException.internal(
        "failed to create typed patch object (%s/%s; %s, Kind=%s): %s"
            .formatted(
                Metadata.namespace(configuration),
                target.name(),
                type.apiVersion(),
                type.kind(),
                why));
  }

  /** What an apply has made, with its metadata coerced. */
  static ObjectNode normalizeApplied(ResourceType type, ObjectNode object) {
    coerceMetadata(type, object, new ArrayList<>());
    return object;
  }

  private static List<String> unknownFields(
      ResourceType type, StructuralSchema schema, ObjectNode object) {
    List<String> unknown = new ArrayList<>();
    coerceMetadata(type, object, unknown);
    unknown.addAll(schema.pruneUnknown(object));
    unknown.replaceAll(path -> "unknown field \"" + path + "\"");
    return unknown;
  }

  private static void coerceMetadata(ResourceType type, ObjectNode object, List<String> unknown) {
    JsonNode given = object.path("metadata");
    if (given.isMissingNode() || given.isNull()) {
      object.putObject("metadata");
      return;
    }
    require(given.isObject(), type, given, "metadata", "v1.ObjectMeta");
    String place = type.has(Trait.CUSTOM) ? "ObjectMeta." : "ObjectMeta.metadata.";
    given
        .properties()
        .removeIf(
            field -> {
              JsonNode value = field.getValue();
              Schema schema = METADATA.get(field.getKey());
              if (schema == null) {
                unknown.add("metadata." + field.getKey());
              } else if (!value.isNull()) {
                requireGoType(type, schema, value, place + field.getKey());
              }
              boolean empty =
                  value.isContainerNode() ? value.isEmpty() : value.asText("").isEmpty();
              // To a typed kind an empty list of managers is a request to forget them all.
              boolean reset = field.getKey().equals("managedFields") && !type.has(Trait.CUSTOM);
              return schema == null || (empty && !reset);
            });
  }

  private static String goType(Schema schema) {
    return switch (schema.type()) {
      case "array" -> "[]" + goType(schema.items() == null ? Schema.ANYTHING : schema.items());
      case "integer" -> schema.format().isEmpty() ? "int32" : schema.format();
      case "object" ->
          schema.additional() == null ? "object" : "map[string]" + goType(schema.additional());
      case "boolean" -> "bool";
      default -> "string";
    };
  }

  private static void require(
      boolean right, ResourceType type, JsonNode value, String field, String wanted) {
    if (!right) {
      throw ApiException.badRequest(
          cannotHandle(type)
              + "json: cannot unmarshal %s into Go struct field %s of type %s"
                  .formatted(Json.goType(value), field, wanted));
    }
  }

  private static String cannotHandle(ResourceType type) {
    return "%1$s in version \"%2$s\" cannot be handled as a %1$s: "
        .formatted(type.kind(), type.version());
  }

  private static String shortened(byte[] body) {
    int length = Math.min(body.length, SHOWN);
    String text =
        body[0] == '{'
            ? new String(body, 0, length, StandardCharsets.UTF_8)
            : HexFormat.of().formatHex(body, 0, length);
    return body.length <= SHOWN ? text : text + " ...";
  }

  private static ApiException unrecognized(ResourceType type, String why) {
    return ApiException.badRequest(
        "the object provided is unrecognized (must be of type " + type.kind() + "): " + why);
  }
}
