package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Gives {@code metadata} the form that decoding into Go's ObjectMeta and encoding it again would:
 * known fields of the right type, without nulls and empty values.
 */
final class MetadataCoercion {
  private enum Shape {
    TEXT,
    NUMBER,
    TEXTS,
    TEXT_MAP,
    OBJECTS
  }

  private static final Map<String, Shape> FIELDS =
      Map.ofEntries(
          Map.entry("name", Shape.TEXT),
          Map.entry("generateName", Shape.TEXT),
          Map.entry("namespace", Shape.TEXT),
          Map.entry("selfLink", Shape.TEXT),
          Map.entry("uid", Shape.TEXT),
          Map.entry("resourceVersion", Shape.TEXT),
          Map.entry("generation", Shape.NUMBER),
          Map.entry("creationTimestamp", Shape.TEXT),
          Map.entry("deletionTimestamp", Shape.TEXT),
          Map.entry("deletionGracePeriodSeconds", Shape.NUMBER),
          Map.entry("labels", Shape.TEXT_MAP),
          Map.entry("annotations", Shape.TEXT_MAP),
          Map.entry("ownerReferences", Shape.OBJECTS),
          Map.entry("finalizers", Shape.TEXTS),
          Map.entry("managedFields", Shape.OBJECTS));

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
      Shape shape = FIELDS.get(field.getKey());
      if (shape == null) {
        unknown.add("metadata." + field.getKey());
        fields.remove();
      } else if (field.getValue().isNull()) {
        fields.remove();
      } else {
        check(field.getKey(), shape, field.getValue());
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

  private void check(String name, Shape shape, JsonNode value) {
    switch (shape) {
      case TEXT -> require(value.isTextual(), value, name, "string");
      case NUMBER -> require(value.isIntegralNumber(), value, name, "int64");
      case TEXTS -> {
        require(value.isArray(), value, name, "[]string");
        value.forEach(item -> require(item.isTextual(), item, name, "string"));
      }
      case TEXT_MAP -> {
        require(value.isObject(), value, name, "map[string]string");
        ObjectNode map = (ObjectNode) value;
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
          require(
              entry.getValue().isTextual() || entry.getValue().isNull(),
              entry.getValue(),
              name,
              "string");
          if (entry.getValue().isNull()) {
            map.put(entry.getKey(), "");
          }
        }
      }
      case OBJECTS -> {
        require(value.isArray(), value, name, "[]object");
        value.forEach(item -> require(item.isObject(), item, name, "object"));
      }
    }
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
