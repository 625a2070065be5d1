package dev.holdfast.standalone.read;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.JsonPath;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.ApiException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Which objects of a list or a watch a client wants: by labels and by fields.
 *
 * @param everything whether neither was given, so that objects need not be looked into
 */
public record Selection(boolean everything, Predicate<ObjectNode> predicate) {

  /**
   * Parses both selectors; empty ones select everything.
   *
   * @throws ApiException 400 when one can't be parsed or names a field that can't be selected
   */
  public static Selection parse(ResourceType type, String labels, String fields) {
    if (labels.isBlank() && fields.isBlank()) {
      return new Selection(true, object -> true);
    }
    Predicate<Map<String, String>> byLabels = LabelSelector.parse(labels);
    Predicate<ObjectNode> byFields = fields(type, fields);
    return new Selection(false, object -> byLabels.test(labelsOf(object)) && byFields.test(object));
  }

  private static Map<String, String> labelsOf(ObjectNode object) {
    Map<String, String> labels = new HashMap<>();
    Json.at(object, "metadata", "labels")
        .properties()
        .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
    return labels;
  }

  private static Predicate<ObjectNode> fields(ResourceType type, String selector) {
    Predicate<ObjectNode> all = object -> true;
    for (String term : selector.split(",", -1)) {
      if (term.isBlank()) {
        continue;
      }
      int at = term.indexOf('=');
      if (at < 1) {
        throw ApiException.badRequest(
            "invalid selector: '" + term + "'; can't understand '" + term + "'");
      }
      boolean equal = term.charAt(at - 1) != '!';
      String label = term.substring(0, equal ? at : at - 1).strip();
      String value = term.substring(term.startsWith("==", at) ? at + 2 : at + 1).strip();
      Function<ObjectNode, String> field = field(type, label);
      all = all.and(object -> field.apply(object).equals(value) == equal);
    }
    return all;
  }

  private static Function<ObjectNode, String> field(ResourceType type, String label) {
    if (label.equals("metadata.name")) {
      return object -> Json.textAt(object, "metadata", "name");
    }
    if (label.equals("metadata.namespace") && type.namespaced()) {
      return object -> Json.textAt(object, "metadata", "namespace");
    }
    JsonPath path = type.selectableFields().get(label);
    if (path == null) {
      throw ApiException.badRequest("field label not supported: " + label);
    }
    return object -> {
      List<JsonNode> found = path.find(object);
      return found.isEmpty() || found.getFirst().isNull() ? "" : found.getFirst().asText();
    };
  }
}
