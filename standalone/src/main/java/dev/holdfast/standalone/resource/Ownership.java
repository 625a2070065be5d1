package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.apply.FieldManagement;
import dev.holdfast.standalone.apply.InvalidConfigurationException;
import dev.holdfast.standalone.kind.ResourceType;
import java.time.Clock;

/** Which field management a write goes through. */
final class Ownership {
  private Ownership() {}

  static FieldManagement of(ResourceType type, String subresource, Clock clock) {
    return subresource.isEmpty() && !type.hasStatus()
        ? FieldManagement.withoutStatusSubresource(type.schema().get(), type.apiVersion(), clock)
        : new FieldManagement(type.schema().get(), type.apiVersion(), subresource, clock);
  }

  /** A new object, all of it owned by its creator. */
  static ObjectNode ofNew(ResourceType type, ObjectNode object, String manager, Clock clock) {
    try {
      return of(type, "", clock).create(type.rules().blank(), object, manager);
    } catch (InvalidConfigurationException e) {
      return object; // as below
    }
  }

  /** The object with its ownership after a write that is not an apply. */
  static ObjectNode after(
      FieldManagement management, ObjectNode live, ObjectNode object, String manager) {
    try {
      return management.update(live, object, manager);
    } catch (InvalidConfigurationException e) {
      return object; // it does not fit its schema, which validation is about to say better
    }
  }
}
