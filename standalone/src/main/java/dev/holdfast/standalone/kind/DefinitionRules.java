package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.FieldError.Reason;
import dev.holdfast.standalone.schema.StructuralSchema;
import dev.holdfast.standalone.schema.StructuralSchema.InvalidSchemaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** CustomResourceDefinitions: defaults, validation, and telling of changes. */
public final class DefinitionRules implements KindRules {
  /** Holds a definition until its objects are gone. */
  public static final String CLEANUP = "customresourcecleanup.apiextensions.k8s.io";

  private static final int MAXIMUM_SELECTABLE = 8;

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
    if (object.get("spec") instanceof ObjectNode spec) {
      if (spec.get("names") instanceof ObjectNode given) {
        Names names = Names.of(given);
        putIfEmpty(given, "singular", names.singular());
        putIfEmpty(given, "listKind", names.listKind());
      }
      if (!spec.has("conversion")) {
        spec.putObject("conversion").put("strategy", "None");
      }
      spec.remove("preserveUnknownFields"); // false is the only value that v1 allows
    }
  }

  private static void putIfEmpty(ObjectNode object, String field, String value) {
    if (Json.textAt(object, field).isEmpty()) {
      object.put(field, value);
    }
  }

  @Override
  public List<FieldError> validate(ObjectNode object, @Nullable ObjectNode live) {
    List<FieldError> errors = new ArrayList<>();
    JsonNode spec = object.path("spec");
    String expected = Json.textAt(spec, "names", "plural") + "." + Json.textAt(spec, "group");
    String name = Json.textAt(object, "metadata", "name");
    if (!name.equals(expected)) {
      String rule = "must be spec.names.plural+\".\"+spec.group";
      errors.add(FieldError.invalid("metadata.name", name, rule));
    }
    String strategy = Json.textAt(spec, "conversion", "strategy");
    if (!strategy.equals("None")) {
      errors.add(
          FieldError.unsupported("spec.conversion.strategy", "\"" + strategy + "\"", "None"));
    }
    if (live != null) {
      for (String field : List.of("group", "scope", "names.plural", "names.kind")) {
        String[] path = field.split("\\.", -1);
        String value = Json.textAt(spec, path);
        if (!value.equals(Json.textAt(live.path("spec"), path))) { // objects are stored by these
          errors.add(FieldError.invalid("spec." + field, value, "field is immutable"));
        }
      }
    }
    errors.addAll(versions(object, live));
    return errors;
  }

  private static List<FieldError> versions(ObjectNode object, @Nullable ObjectNode live) {
    List<FieldError> errors = new ArrayList<>();
    List<JsonNode> versions = Json.items(Json.at(object, "spec", "versions"));
    for (int i = 0; i < versions.size(); i++) {
      JsonNode version = versions.get(i);
      JsonNode known = live == null ? null : Json.at(live, "spec", "versions").path(i);
      if (!version.equals(known)) {
        version(versions, version, "spec.versions[" + i + "].", errors);
      }
    }
    if (versions.stream().filter(version -> version.path("storage").asBoolean()).count() != 1) {
      String message = "Invalid value: must have exactly one version marked as storage version";
      errors.add(new FieldError(Reason.FieldValueInvalid, "spec.versions", message));
    }
    return errors.stream().distinct().toList();
  }

  private static void version(
      List<JsonNode> all, JsonNode version, String field, List<FieldError> errors) {
    ObjectNode json = Json.objectAt(version, "schema", "openAPIV3Schema");
    if (json == null) {
      errors.add(
          new FieldError(
              Reason.FieldValueRequired, field + "schema.openAPIV3Schema", "Required value"));
      return;
    }
    boolean common = isCommon(all, "schema");
    try {
      StructuralSchema schema = StructuralSchema.parse(json);
      Kinds.columns(version);
      List<String> paths = version.path("selectableFields").findValuesAsText("jsonPath");
      boolean commonPaths = isCommon(all, "selectableFields");
      String place = (commonPaths ? "spec." : field) + "selectableFields";
      if (!paths.isEmpty() && common != commonPaths) {
        String rule =
            "may only be set when the schemas, too, are "
                + (commonPaths ? "the same in all versions" : "different from version to version");
        errors.add(FieldError.invalid(place, "", rule));
        return;
      }
      for (int i = 0; i < paths.size(); i++) {
        String path = paths.get(i);
        String at = place + "[" + i + "].jsonPath";
        if (!schema.isSelectable(path)) {
          String rule =
              "must be the path of a string, a boolean or an integer outside the metadata";
          errors.add(FieldError.invalid(at, path, rule));
        } else if (paths.indexOf(path) < i) {
          String message = "Duplicate value: \"" + path + "\"";
          errors.add(new FieldError(Reason.FieldValueDuplicate, at, message));
        }
      }
      if (Set.copyOf(paths).size() > MAXIMUM_SELECTABLE) {
        String message = "Too many: must have at most " + MAXIMUM_SELECTABLE + " items";
        errors.add(new FieldError(Reason.FieldValueTooMany, place, message));
      }
    } catch (InvalidSchemaException e) {
      String place = common ? "spec.validation" : field + "schema";
      e.errors().forEach(error -> errors.add(error.below(place)));
    } catch (IllegalArgumentException e) {
      String why = String.valueOf(e.getMessage());
      errors.add(FieldError.invalid(field + "additionalPrinterColumns", "", why));
    }
  }

  /** Whether all versions say the same: the real server then says it once, for the definition. */
  private static boolean isCommon(List<JsonNode> versions, String field) {
    return versions.stream().map(version -> version.path(field)).distinct().count() == 1;
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
