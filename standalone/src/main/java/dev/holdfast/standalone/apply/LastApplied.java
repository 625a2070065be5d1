package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.MalformedDocumentException;
import dev.holdfast.standalone.schema.Schema;
import java.nio.charset.StandardCharsets;

/**
 * The annotation of client-side apply, and the way from there to server-side apply: the manager
 * "kubectl" may take over what that annotation says it applied. After lastappliedmanager.go and
 * lastappliedupdater.go of apimachinery.
 */
final class LastApplied {
  static final String MANAGER = "kubectl";
  private static final String ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";

  private LastApplied() {}

  /** The fields that the annotation applied and that still have its values. */
  static FieldSet unchangedFields(Schema type, ObjectNode live, String apiVersion) {
    String text = Json.textAt(live, "metadata", "annotations", ANNOTATION);
    try {
      JsonNode applied = Json.parse(text.getBytes(StandardCharsets.UTF_8)).value();
      if (!applied.isObject() || !Json.textAt(applied, "apiVersion").equals(apiVersion)) {
        return new FieldSet();
      }
      Part configuration = Cutter.cutApplied(type, applied);
      // As the real server reads the object: where items share a key, nothing is given away.
      Comparison comparison = Comparison.of(configuration, Cutter.cutApplied(type, live));
      return configuration
          .fields()
          .difference(comparison.changed())
          .difference(comparison.removed());
    } catch (MalformedDocumentException | InvalidConfigurationException e) {
      return new FieldSet(); // what nobody can use gives nothing away
    }
  }

  /** Brings the annotation, where there is one, up to what was just applied. */
  static void refresh(ObjectNode object, ObjectNode configuration) {
    ObjectNode annotations = Json.objectAt(object, "metadata", "annotations");
    if (annotations == null || Json.textAt(annotations, ANNOTATION).isEmpty()) {
      return;
    }
    ObjectNode applied = configuration.deepCopy();
    ObjectNode own = Json.objectAt(applied, "metadata", "annotations");
    if (own != null) {
      own.remove(ANNOTATION);
    }
    ObjectNode refreshed = annotations.deepCopy().put(ANNOTATION, Json.escaped(applied) + "\n");
    object.withObjectProperty("metadata").set("annotations", refreshed);
  }
}
