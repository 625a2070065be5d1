package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.schema.ObjectMeta;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Gives {@code metadata} the form that decoding into Go's ObjectMeta and encoding it again would:
 * known fields of the right type, without nulls and empty values.
 */
final class MetadataCoercion {
  private static final JsonNode FIELDS = ObjectMeta.schema().path("properties");

  private final ResourceType type;

  private MetadataCoercion(ResourceType type) {
    this.type = type;
  }

  /**
   * Coerces in place.
   *
   * @return the paths of unknown fields, which are removed
   * @throws ApiException 400 when a field has the wrong type
   */
  static List<String> coerce(ResourceType type, ObjectNode object) {
    return new MetadataCoercion(type).coerce(object);
  }

  private List<String> coerce(ObjectNode object) {
    JsonNode given = object.get("metadata");
    if (given == null || given.isNull()) {
      object.putObject("metadata");
      return List.of();
    }
    if (!(given instanceof ObjectNode metadata)) {
      throw wrongType(given, "metadata", "v1.ObjectMeta");
    }
    List<String> unknown = new ArrayList<>();
    Iterator<Map.Entry<String, JsonNode>> fields = metadata.properties().iterator();
    while (fields.hasNext()) {
      Map.Entry<String, JsonNode> field = fields.next();
      JsonNode schema = FIELDS.get(field.getKey());
      if (schema == null) {
        unknown.add("metadata." + field.getKey());
        fields.remove();
      } else if (field.getValue().isNull()) {
        fields.remove();
      } else {
        check(field.getKey(), schema, field.getValue());
        // An empty list of managers is a request to forget them all.
        if (isEmpty(field.getValue()) && !field.getKey().equals("managedFields")) {
          fields.remove();
        }
      }
    }
    return unknown;
  }

  private static boolean isEmpty(JsonNode value) {
    return value.isContainerNode()
        ? value.isEmpty()
        : value.isTextual() && value.asText().isEmpty();
  }

  private void check(String name, JsonNode schema, JsonNode value) {
    String wanted = goType(schema);
    switch (wanted) {
      case "string" -> require(value.isTextual(), value, name, wanted);
      case "int64" -> require(value.isIntegralNumber(), value, name, wanted);
      case "map[string]string" -> {
        require(value.isObject(), value, name, wanted);
        for (Map.Entry<String, JsonNode> entry : value.properties()) {
          JsonNode text = entry.getValue();
          require(text.isTextual() || text.isNull(), text, name, "string");
          entry.setValue(TextNode.valueOf(text.asText("")));
        }
      }
      case "object" -> require(value.isObject(), value, name, wanted);
      default -> {
        require(value.isArray(), value, name, wanted);
        value.forEach(item -> check(name, schema.get("items"), item));
      }
    }
  }

  private static String goType(JsonNode schema) {
    return switch (schema.path("type").asText()) {
      case "array" -> "[]" + goType(schema.get("items"));
      case "integer" -> "int64";
      case "object" -> schema.has("additionalProperties") ? "map[string]string" : "object";
      default -> "string";
    };
  }

  private void require(boolean right, JsonNode value, String name, String wanted) {
    if (!right) {
      throw wrongType(value, "ObjectMeta." + name, wanted);
    }
  }

  private ApiException wrongType(JsonNode value, String field, String wanted) {
    return ApiException.badRequest(
        Decoding.cannotHandle(type)
            + "json: cannot unmarshal "
            + Json.goType(value)
            + " into Go struct field "
            + field
            + " of type "
            + wanted);
  }
}
