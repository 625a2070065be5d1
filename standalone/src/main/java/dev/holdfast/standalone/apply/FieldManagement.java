package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/** Field ownership of one resource (or subresource): pure functions over object trees. */
public final class FieldManagement {

  /**
   * @param apiVersion group and version of the request, written into new entries
   * @param subresource empty for the main resource, else {@code status}
   */
  public FieldManagement(
      StructuralSchema schema, String apiVersion, String subresource, Clock clock) {}

  /**
   * Merges an applied configuration into the live object.
   *
   * @param live null to create
   * @return the new object with its managedFields; equal to {@code live} when nothing changed
   * @throws ApplyConflictException when other managers own what would change, unless {@code force}
   */
  public ObjectNode apply(
      @Nullable ObjectNode live, ObjectNode configuration, String manager, boolean force) {
    return configuration.deepCopy();
  }

  /**
   * Ownership after a create, update or patch that is not an apply.
   *
   * @param live the object before; null when it is created
   * @return {@code after} with its managedFields
   */
  public ObjectNode update(@Nullable ObjectNode live, ObjectNode after, String manager) {
    return after;
  }
}
