package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.schema.FieldType;
import java.util.Map;
import java.util.Optional;

/**
 * The annotation of client-side apply, and the way from there to server-side apply: the manager
 * "kubectl" may take over what that annotation says it applied. After lastappliedmanager.go and
 * lastappliedupdater.go of apimachinery.
 */
final class LastApplied {
  static final String MANAGER = "kubectl";
  private static final String ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);

  private LastApplied() {}

  /** The fields that the annotation applied and that still have its values. */
  static Optional<FieldSet> unchangedFields(FieldType type, ObjectNode live, String apiVersion) {
    String text = live.path("metadata").path("annotations").path(ANNOTATION).asText();
    if (text.isEmpty()) {
      return Optional.empty();
    }
    JsonNode applied;
    try {
      applied = MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
    if (!applied.isObject() || !applied.path("apiVersion").asText().equals(apiVersion)) {
      return Optional.empty();
    }
    try {
      ConfigurationCheck.check(type, applied, "");
    } catch (InvalidConfigurationException e) {
      return Optional.empty();
    }
    Comparison comparison = Comparison.of(type, applied, live);
    return Optional.of(
        FieldCollector.collect(type, applied)
            .difference(comparison.modified())
            .difference(comparison.added())
            .difference(comparison.removed()));
  }

  /** Brings the annotation, where there is one, up to what was just applied. */
  static void refresh(ObjectNode object, ObjectNode configuration) {
    JsonNode annotations = object.path("metadata").path("annotations");
    if (annotations.path(ANNOTATION).asText().isEmpty()
        || !(annotations instanceof ObjectNode target)) {
      return;
    }
    ObjectNode applied = configuration.deepCopy();
    if (applied.path("metadata").path("annotations") instanceof ObjectNode own) {
      own.remove(ANNOTATION);
    }
    try {
      Object sorted = MAPPER.treeToValue(applied, Map.class);
      target.put(ANNOTATION, MAPPER.writeValueAsString(sorted) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("the configuration can't be written as JSON", e);
    }
  }
}
