package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.schema.FieldError;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What only one kind does when it is written. The defaults do nothing. */
public interface KindRules {
  KindRules NONE = new KindRules() {};

  /** Rules of a kind whose objects always have some fields, as Go's types can't leave them out. */
  static KindRules withBlank(ObjectNode blank) {
    return new KindRules() {
      @Override
      public ObjectNode blank() {
        return blank.deepCopy();
      }

      @Override
      public void prepare(ObjectNode object, @Nullable ObjectNode live) {
        complete(object, blank);
      }

      private static void complete(ObjectNode object, ObjectNode blank) {
        for (Map.Entry<String, JsonNode> field : blank.properties()) {
          JsonNode there = object.putIfAbsent(field.getKey(), field.getValue().deepCopy());
          if (there instanceof ObjectNode inner && field.getValue() instanceof ObjectNode below) {
            complete(inner, below);
          }
        }
      }
    };
  }

  /** What a new object has before anything is set: what Go's types can't leave out. */
  default ObjectNode blank() {
    return Json.object();
  }

  /**
   * Completes an object before it is stored; in place.
   *
   * @param live null on create
   */
  default void prepare(ObjectNode object, @Nullable ObjectNode live) {}

  /**
   * Errors beyond those of the schema.
   *
   * @param live null on create
   */
  default List<FieldError> validate(ObjectNode object, @Nullable ObjectNode live) {
    return List.of();
  }

  /** Marks an object whose deletion has begun, for kinds that somebody must empty first. */
  default void prepareDeletion(ObjectNode object) {}

  /** Whether a deletion needs more than finalizers: the object must stay until it is emptied. */
  default boolean keepsWhileTerminating(ObjectNode object) {
    return false;
  }

  /** Acts on what was written, before the request is answered; must not keep the object. */
  default void written(ObjectNode object) {}

  /** Acts on what is gone, before the request is answered; must not keep the object. */
  default void gone(ObjectNode object) {}
}
