package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.MalformedDocumentException;
import dev.holdfast.standalone.json.ParsedDocument;
import dev.holdfast.standalone.json.Yaml;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.resource.WriteOptions.FieldValidation;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** From the bytes of a request to an object of its type: steps 1 to 3 of the validation. */
public final class Decoding {
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
      String shown = new String(body, StandardCharsets.UTF_8);
      throw unrecognized(
          type,
          "couldn't get version/kind; json parse error: "
              + e.getMessage()
              + " ("
              + (body.length == 0 ? "<empty>" : abbreviate(shown))
              + ")");
    }
    if (!(document.value() instanceof ObjectNode object)) {
      throw unrecognized(
          type,
          "couldn't get version/kind; json parse error: json: cannot unmarshal "
              + (document.value().isArray() ? "array" : "value")
              + " into Go value of type struct { APIVersion string"
              + " \"json:\\\"apiVersion,omitempty\\\"\"; Kind string"
              + " \"json:\\\"kind,omitempty\\\"\" } ("
              + HexFormat.of().formatHex(body)
              + ")");
    }
    if (!object.hasNonNull("kind") || Json.textAt(object, "kind").isEmpty()) {
      if (type.has(Trait.CUSTOM)) {
        String shown = new String(body, StandardCharsets.UTF_8);
        throw unrecognized(
            type, "Object 'Kind' is missing in '" + shown + "' (" + abbreviate(shown) + ")");
      }
      object.put("kind", type.kind()); // typed kinds are known from the path
    }
    if (!object.hasNonNull("apiVersion") || Json.textAt(object, "apiVersion").isEmpty()) {
      object.put("apiVersion", type.apiVersion());
    }
    if (!type.has(Trait.CUSTOM) && !Json.textAt(object, "kind").equals(type.kind())) {
      throw unrecognized(type, "no kind \"" + Json.textAt(object, "kind") + "\" is registered");
    }
    return document;
  }

  /**
   * Coerces metadata and prunes unknown fields in place, and reports them and repeated ones as the
   * options ask for.
   *
   * @throws ApiException 400 when it is of another version, and in strict mode when there is
   *     something to report
   */
  static void normalize(
      ResourceType type, ObjectNode object, ParsedDocument document, WriteOptions options) {
    boolean rightVersion = Json.textAt(object, "apiVersion").equals(type.apiVersion());
    StructuralSchema schema = rightVersion ? type.schema().get() : StructuralSchema.empty();
    report(type, document, unknownFields(type, schema, object), options);
    if (!rightVersion) {
      throw ApiException.badRequest(
          "the API version in the data ("
              + Json.textAt(object, "apiVersion")
              + ") does not match the expected API version ("
              + type.apiVersion()
              + ")");
    }
  }

  /** Coerces and prunes in place; the texts tell what was unknown. */
  static List<String> unknownFields(ResourceType type, ObjectNode object) {
    return unknownFields(type, type.schema().get(), object);
  }

  private static List<String> unknownFields(
      ResourceType type, StructuralSchema schema, ObjectNode object) {
    List<String> unknown = new ArrayList<>(MetadataCoercion.coerce(type, object));
    unknown.addAll(schema.pruneUnknown(object));
    return unknown.stream().map(path -> "unknown field \"" + path + "\"").toList();
  }

  /** Coerces and prunes in place; the path of the first field that was unknown, or empty. */
  static String firstUndeclared(ResourceType type, ObjectNode object) {
    MetadataCoercion.coerce(type, object);
    List<String> unknown = type.schema().get().pruneUnknown(object);
    return unknown.isEmpty() ? "" : unknown.getFirst();
  }

  private static void report(
      ResourceType type, ParsedDocument document, List<String> unknown, WriteOptions options) {
    List<String> duplicates = document.duplicates();
    if (options.fieldValidation() == FieldValidation.IGNORE
        || (unknown.isEmpty() && duplicates.isEmpty())) {
      return;
    }
    if (options.fieldValidation() == FieldValidation.WARN) {
      options.warnings().addAll(duplicates);
      options.warnings().addAll(unknown);
      return;
    }
    List<String> problems = new ArrayList<>();
    if (document.yaml() && !duplicates.isEmpty()) {
      problems.add("yaml: unmarshal errors:\n  " + String.join("\n  ", duplicates));
    } else {
      problems.addAll(duplicates);
    }
    problems.addAll(unknown);
    throw ApiException.badRequest(
        cannotHandle(type) + "strict decoding error: " + String.join(", ", problems));
  }

  static String cannotHandle(ResourceType type) {
    return type.kind()
        + " in version \""
        + type.version()
        + "\" cannot be handled as a "
        + type.kind()
        + ": ";
  }

  private static ApiException unrecognized(ResourceType type, String why) {
    return ApiException.badRequest(
        "the object provided is unrecognized (must be of type " + type.kind() + "): " + why);
  }

  private static String abbreviate(String text) {
    int limit = 30;
    return text.length() <= limit ? text : text.substring(0, limit) + " ...";
  }
}
