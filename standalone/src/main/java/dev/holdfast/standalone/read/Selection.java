package dev.holdfast.standalone.read;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.JsonPath;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.StoredObject;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Which objects of a list or a watch a client wants: by labels and by fields. */
public final class Selection {
  private final ResourceType type;
  private final @Nullable Predicate<ObjectNode> predicate;

  private Selection(ResourceType type, @Nullable Predicate<ObjectNode> predicate) {
    this.type = type;
    this.predicate = predicate;
  }

  /**
   * Parses both selectors; empty ones select everything.
   *
   * @throws ApiException 400 when one can't be parsed or names a field that can't be selected
   */
  public static Selection parse(ResourceType type, String labels, String fields) {
    if (labels.isBlank() && fields.isBlank()) {
      return new Selection(type, null);
    }
    Predicate<JsonNode> byLabels = LabelSelector.parse(labels);
    Predicate<ObjectNode> all = object -> byLabels.test(Json.at(object, "metadata", "labels"));
    for (String term : fields.split(",", -1)) {
      if (!term.isBlank()) {
        all = all.and(field(type, term));
      }
    }
    return new Selection(type, all);
  }

  private static Predicate<ObjectNode> field(ResourceType type, String term) {
    int at = term.indexOf('=');
    if (at < 1) {
      throw ApiException.badRequest(
          "invalid selector: '%1$s'; can't understand '%1$s'".formatted(term));
    }
    boolean equal = term.charAt(at - 1) != '!';
    String label = term.substring(0, equal ? at : at - 1).strip();
    String value = term.substring(term.startsWith("==", at) ? at + 2 : at + 1).strip();
    JsonPath path =
        label.equals("metadata.name") || (label.equals("metadata.namespace") && type.namespaced())
            ? JsonPath.parse("." + label)
            : type.selectableFields().get(label);
    if (path == null) {
      throw ApiException.badRequest("field label not supported: " + label);
    }
    return object -> {
      List<JsonNode> found = path.find(object);
      return (found.isEmpty() ? "" : found.getFirst().asText("")).equals(value) == equal;
    };
  }

  /** Whether all objects are wanted, so that none need be looked into. */
  boolean everything() {
    return predicate == null;
  }

  boolean selects(StoredObject object) {
    return predicate == null || predicate.test(Target.served(type, object.json()));
  }
}
