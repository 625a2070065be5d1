package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.FieldError.Reason;
import dev.holdfast.standalone.schema.InvalidSchemaException;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** CustomResourceDefinitions: defaults, validation, and telling of changes. */
public final class DefinitionRules implements KindRules {
  /** Holds a definition until its objects are gone. */
  public static final String CLEANUP = "customresourcecleanup.apiextensions.k8s.io";

  private final Consumer<ObjectNode> written;
  private final Consumer<ObjectNode> gone;

  /**
   * Rules that tell of definitions.
   *
   * @param written called with every new state, before the client is answered
   * @param gone called with the last state
   */
  public DefinitionRules(Consumer<ObjectNode> written, Consumer<ObjectNode> gone) {
    this.written = written;
    this.gone = gone;
  }

  @Override
  public ObjectNode blank() {
    ObjectNode blank = Json.object();
    blank.putObject("spec").putObject("names");
    return blank;
  }

  @Override
  public void prepare(ObjectNode object, @Nullable ObjectNode live) {
    complete(object);
    String version = Kinds.storageVersion(object);
    if (live == null) {
      ObjectNode status = object.putObject("status");
      status.putNull("conditions");
      status.putObject("acceptedNames").put("plural", "").put("kind", "");
      status.putArray("storedVersions").add(version);
    } else if (object.get("status") instanceof ObjectNode status
        && !version.isEmpty()
        && !Json.textsAt(status, "storedVersions").contains(version)) {
      status.withArrayProperty("storedVersions").add(version);
    }
  }

  private static void complete(ObjectNode object) {
    if (!(object.get("spec") instanceof ObjectNode spec)) {
      return;
    }
    if (spec.get("names") instanceof ObjectNode names) {
      String kind = Json.textAt(names, "kind");
      if (Json.textAt(names, "singular").isEmpty()) {
        names.put("singular", kind.toLowerCase(Locale.ROOT));
      }
      if (Json.textAt(names, "listKind").isEmpty()) {
        names.put("listKind", kind + "List");
      }
    }
    if (!spec.has("conversion")) {
      spec.putObject("conversion").put("strategy", "None");
    }
    spec.remove("preserveUnknownFields"); // false is the only value that v1 allows
  }

  @Override
  public List<FieldError> validate(ObjectNode object, @Nullable ObjectNode live) {
    List<FieldError> errors = new ArrayList<>();
    JsonNode spec = object.path("spec");
    String expected = Json.textAt(spec, "names", "plural") + "." + Json.textAt(spec, "group");
    String name = Json.textAt(object, "metadata", "name");
    if (!name.equals(expected)) {
      errors.add(invalid("metadata.name", name, "must be spec.names.plural+\".\"+spec.group"));
    }
    if (!Json.textAt(spec, "conversion", "strategy").equals("None")) {
      errors.add(
          new FieldError(
              Reason.FieldValueNotSupported,
              "spec.conversion.strategy",
              "Unsupported value: \""
                  + Json.textAt(spec, "conversion", "strategy")
                  + "\": supported values: \"None\""));
    }
    versions(spec.path("versions"), live, errors);
    return errors;
  }

  private static void versions(
      JsonNode versions, @Nullable ObjectNode live, List<FieldError> errors) {
    int storage = 0;
    for (int i = 0; i < versions.size(); i++) {
      JsonNode version = versions.get(i);
      String field = "spec.versions[" + i + "]";
      storage += version.path("storage").asBoolean() ? 1 : 0;
      ObjectNode schema = Json.objectAt(version, "schema", "openAPIV3Schema");
      if (schema == null) {
        errors.add(
            new FieldError(
                Reason.FieldValueRequired,
                field + ".schema.openAPIV3Schema",
                "Required value: schemas are required"));
      } else if (live == null || !Json.at(live, "spec", "versions").path(i).equals(version)) {
        schema(schema, field + ".schema.", errors);
      }
      columns(version, field, errors);
    }
    if (storage != 1) {
      errors.add(
          new FieldError(
              Reason.FieldValueInvalid,
              "spec.versions",
              "Invalid value: must have exactly one version marked as storage version"));
    }
  }

  private static void schema(ObjectNode schema, String prefix, List<FieldError> errors) {
    try {
      StructuralSchema.parse(schema);
    } catch (InvalidSchemaException e) {
      e.errors()
          .forEach(
              error ->
                  errors.add(
                      new FieldError(error.reason(), prefix + error.field(), error.message())));
    }
  }

  private static void columns(JsonNode version, String field, List<FieldError> errors) {
    try {
      Kinds.columns(version);
    } catch (IllegalArgumentException e) {
      errors.add(invalid(field + ".additionalPrinterColumns", "", String.valueOf(e.getMessage())));
    }
  }

  private static FieldError invalid(String field, String value, String rule) {
    return new FieldError(
        Reason.FieldValueInvalid, field, "Invalid value: \"" + value + "\": " + rule);
  }

  @Override
  public void prepareDeletion(ObjectNode object) {
    ObjectNode metadata = object.withObjectProperty("metadata");
    if (!Json.textsAt(metadata, "finalizers").contains(CLEANUP)) {
      metadata.withArrayProperty("finalizers").add(CLEANUP);
    }
    setCondition(
        object,
        "Terminating",
        "True",
        Json.textAt(metadata, "deletionTimestamp"),
        "InstanceDeletionPending",
        "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon");
  }

  /** The status of a condition; empty when there is none. */
  public static String condition(ObjectNode definition, String type) {
    return Json.items(Json.at(definition, "status", "conditions")).stream()
        .filter(condition -> Json.textAt(condition, "type").equals(type))
        .map(condition -> Json.textAt(condition, "status"))
        .findFirst()
        .orElse("");
  }

  /** Sets a condition in place; it becomes the last one. */
  public static void setCondition(
      ObjectNode definition,
      String type,
      String value,
      String time,
      String reason,
      String message) {
    ArrayNode conditions = definition.withObjectProperty("status").withArrayProperty("conditions");
    conditions.removeIf(condition -> Json.textAt(condition, "type").equals(type));
    conditions
        .addObject()
        .put("type", type)
        .put("status", value)
        .put("lastTransitionTime", time)
        .put("reason", reason)
        .put("message", message);
  }

  @Override
  public void written(ObjectNode object) {
    written.accept(object.deepCopy());
  }

  @Override
  public void gone(ObjectNode object) {
    gone.accept(object);
  }
}
