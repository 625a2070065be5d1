package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldError.Reason;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A structural schema of one version of a CustomResourceDefinition, or a hand-made one of a
 * built-in kind. Immutable and thread-safe; parsed and its CEL rules compiled once.
 */
public final class StructuralSchema {
  /** Errors that keep CEL rules from being run, hasBlockingErr in apiextensions. */
  private static final Set<Reason> BLOCKING =
      EnumSet.of(
          Reason.FieldValueNotSupported,
          Reason.FieldValueRequired,
          Reason.FieldValueTooLong,
          Reason.FieldValueTooMany,
          Reason.FieldValueTypeInvalid);

  private static final FieldPath PLACE = FieldPath.ROOT.child("openAPIV3Schema");
  private static final Set<String> SELECTABLE = Set.of("string", "boolean", "integer");

  private final Schema root;
  private final @Nullable Rules rules;

  private StructuralSchema(Schema root, @Nullable Rules rules) {
    this.root = root;
    this.rules = rules;
  }

  /**
   * Parses the schema of a version ({@code spec.versions[].schema} holds it).
   *
   * @throws InvalidSchemaException for what the creation of a CustomResourceDefinition must refuse;
   *     the fields in it are paths within {@code spec.versions[].schema}
   */
  public static StructuralSchema parse(JsonNode schema) {
    List<FieldError> errors = SchemaRules.check(schema, PLACE);
    if (!errors.isEmpty()) {
      throw new InvalidSchemaException(errors);
    }
    return accepted(schema);
  }

  /**
   * The schema of a definition that was accepted before: only its rules are compiled again.
   *
   * @throws InvalidSchemaException when they can't be
   */
  public static StructuralSchema accepted(JsonNode schema) {
    List<FieldError> errors = new ArrayList<>();
    Rules rules = RuleCompiler.compile(schema, PLACE, errors);
    if (!errors.isEmpty()) {
      throw new InvalidSchemaException(errors);
    }
    return new StructuralSchema(Schema.read(schema), rules);
  }

  /** A schema without any field. */
  public static StructuralSchema empty() {
    return new StructuralSchema(Schema.read(Json.object().put("type", "object")), null);
  }

  /** A schema that knows nothing: everything is preserved, lists are atomic, objects granular. */
  public static StructuralSchema deduced() {
    return new StructuralSchema(Schema.ANYTHING, null);
  }

  /**
   * Removes unknown fields in place; apiVersion, kind and metadata are always known.
   *
   * @return the paths of what was removed, as kubectl shows them: {@code spec.disks[0].foo}
   */
  public List<String> pruneUnknown(ObjectNode object) {
    return Pruner.prune(root, object);
  }

  /**
   * Fills in defaults in place. A null where there is a default is replaced by it, any other null
   * on a field that is not nullable is dropped.
   */
  public void applyDefaults(ObjectNode object) {
    new Defaulter(true).fill(root, object);
  }

  /**
   * As {@link #applyDefaults}, but leaves nulls without a default, as the real server does after it
   * merged a configuration; validation then refuses them.
   */
  public void fillDefaults(ObjectNode object) {
    new Defaulter(false).fill(root, object);
  }

  /**
   * Validates types, values, list types and CEL rules, transition rules and ratcheting included.
   *
   * @param oldObject the object before an update; null on create
   * @param statusOnly whether types and values of the status only count, as the real server looks
   *     at a write to its subresource (so only the field of an error says where it is)
   * @param found errors of the metadata, which may keep the rules from being run
   * @return all errors, those found before first
   */
  public List<FieldError> validate(
      ObjectNode object,
      @Nullable ObjectNode oldObject,
      boolean statusOnly,
      List<FieldError> found) {
    List<FieldError> errors = new ArrayList<>(found);
    if (!statusOnly) {
      errors.addAll(ValueValidator.validate(root, object, oldObject, FieldPath.ROOT));
    } else if (root.field("status") != null && object.has("status")) {
      JsonNode old = oldObject == null ? null : oldObject.get("status");
      ValueValidator.validate(root.field("status"), object.get("status"), old, FieldPath.ROOT)
          .forEach(error -> errors.add(error.below("status")));
    }
    if (oldObject == null || ListTypes.validate(root, oldObject).isEmpty()) {
      errors.addAll(ListTypes.validate(root, object));
    }
    boolean blocked = errors.stream().anyMatch(error -> BLOCKING.contains(error.reason()));
    if (rules != null && !blocked) {
      errors.addAll(rules.evaluate(object, oldObject));
    } else if (rules != null) {
      errors.add(
          FieldPath.ROOT.error(
              Reason.FieldValueInvalid,
              "Invalid value: null: some validation rules were not checked because the object was"
                  + " invalid; correct the existing errors to complete validation"));
    }
    return List.copyOf(errors);
  }

  /** Whether objects can be selected by the value at {@code .a.b}. */
  public boolean isSelectable(String path) {
    Schema.Found found = path.contains("[") ? null : root.find(path, FieldPath.ROOT);
    return found != null
        && SELECTABLE.contains(found.node().type())
        && !path.startsWith(".metadata.");
  }

  /** Of the whole object; it need not say what {@link ObjectMeta#FIELDS} do. */
  public Schema root() {
    return root;
  }

  /** A schema that the API extensions server would refuse in a CustomResourceDefinition. */
  public static final class InvalidSchemaException extends RuntimeException {
    private final transient List<FieldError> errors;

    public InvalidSchemaException(List<FieldError> errors) {
      super(errors.stream().map(FieldError::text).collect(Collectors.joining(", ")));
      this.errors = List.copyOf(errors);
    }

    /**
     * What is wrong; fields are relative to the schema ({@code openAPIV3Schema.properties[spec]}).
     */
    public List<FieldError> errors() {
      return errors;
    }
  }
}
