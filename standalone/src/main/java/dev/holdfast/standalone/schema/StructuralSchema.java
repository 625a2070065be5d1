package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A structural schema of one version of a CustomResourceDefinition, or a hand-made one of a
 * built-in kind. Immutable and thread-safe; parsed and its CEL rules compiled once.
 */
public final class StructuralSchema {
  private StructuralSchema() {}

  /**
   * Parses the schema of a version ({@code spec.versions[].schema} holds it).
   *
   * @throws InvalidSchemaException for what the creation of a CustomResourceDefinition must refuse
   */
  public static StructuralSchema parse(JsonNode openApiV3Schema) {
    return new StructuralSchema();
  }

  /** A schema that knows nothing: everything is preserved, lists are atomic, objects granular. */
  public static StructuralSchema deduced() {
    return new StructuralSchema();
  }

  /**
   * Removes unknown fields in place; apiVersion, kind and metadata are always known.
   *
   * @return the paths of what was removed, as kubectl shows them: {@code spec.disks[0].foo}
   */
  public List<String> pruneUnknown(ObjectNode object) {
    return List.of();
  }

  /**
   * Fills in defaults in place. A null where there is a default is replaced by it, any other null
   * on a field that is not nullable is dropped.
   */
  public void applyDefaults(ObjectNode object) {}

  /**
   * Validates types, values, list types and CEL rules, transition rules and ratcheting included.
   *
   * @param oldObject the object before an update; null on create
   */
  public List<FieldError> validate(ObjectNode object, @Nullable ObjectNode oldObject) {
    return List.of();
  }

  /** The root of what field ownership needs to know. */
  public FieldType root() {
    return new FieldType.Deduced();
  }
}
