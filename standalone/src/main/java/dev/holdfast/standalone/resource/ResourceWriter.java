package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.apply.ApplyConflictException;
import dev.holdfast.standalone.apply.FieldManagement;
import dev.holdfast.standalone.apply.InvalidConfigurationException;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.ParsedDocument;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.patch.PatchException;
import dev.holdfast.standalone.patch.PatchType;
import dev.holdfast.standalone.patch.Patches;
import dev.holdfast.standalone.resource.WriteOptions.FieldValidation;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.FieldError.Reason;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.StoreException;
import dev.holdfast.standalone.store.StoredObject;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Update, patch and apply: each makes the next state of an object from the live one, which then
 * goes through the same steps. Writes that lose a race begin again from the new live object, unless
 * the client has named the version that it means.
 */
public final class ResourceWriter {
  private static final int MAX_RACES = 50;
  private static final String MAINTAINER = "holdfast-standalone";

  private final ObjectStore store;
  private final ResourceCreator creator;
  private final Clock clock;

  public ResourceWriter(ObjectStore store, ResourceCreator creator, Clock clock) {
    this.store = store;
    this.creator = creator;
    this.clock = clock;
  }

  /** The next state of an object, and who tells its ownership. */
  private record Next(ObjectNode object, boolean owned) {}

  /** Replaces an object (PUT). */
  public Written update(Target target, ParsedDocument document, WriteOptions options) {
    ResourceType type = target.type();
    ObjectNode body = (ObjectNode) document.value();
    Decoding.normalize(type, body, document, options);
    Preconditions.requireMatchingPath(target, body);
    String asked = Metadata.resourceVersion(body);
    if (!asked.isEmpty() && !asked.chars().allMatch(Character::isDigit)) {
      throw ApiException.internal("strconv.ParseUint: parsing \"" + asked + "\": invalid syntax");
    }
    boolean unconditional = asked.isEmpty() || asked.equals("0");
    if (type.has(Trait.CREATE_ON_UPDATE) && !target.isStatus() && store.get(target.key()) == null) {
      Metadata.of(body).remove("resourceVersion");
      return creator.create(target, document, options);
    }
    return replace(
        target,
        options,
        live -> {
          if (unconditional && !type.has(Trait.UNCONDITIONAL_UPDATE)) {
            throw ApiException.invalid(
                type.group(),
                type.plural(),
                type.plural(),
                target.name(),
                List.of(
                    new FieldError(
                        Reason.FieldValueInvalid,
                        "metadata.resourceVersion",
                        "Invalid value: 0: must be specified for an update")));
          }
          Preconditions.requireUid(target, body, live);
          ObjectNode next = body.deepCopy();
          if (unconditional) {
            Metadata.copy(live, next, "resourceVersion");
          }
          return new Next(next, false);
        });
  }

  /** Changes an object by a patch that knows nothing of ownership. */
  public Written patch(Target target, PatchType patchType, JsonNode patch, WriteOptions options) {
    return replace(
        target,
        options,
        live -> {
          ObjectNode next;
          try {
            next = Patches.apply(patchType, live, patch);
          } catch (PatchException e) {
            throw switch (e.kind()) {
              case MALFORMED -> ApiException.badRequest(String.valueOf(e.getMessage()));
              case UNKNOWN_DIRECTIVE -> ApiException.internal(String.valueOf(e.getMessage()));
              case NOT_APPLICABLE ->
                  ApiException.withEmptyDetails(422, "Invalid", String.valueOf(e.getMessage()));
            };
          }
          checkPatched(target, next, options);
          Preconditions.requireMatchingPath(target, next);
          return new Next(next, false);
        });
  }

  private static void checkPatched(Target target, ObjectNode next, WriteOptions options) {
    String before =
        options.fieldValidation() == FieldValidation.STRICT
            ? new String(Json.sortedBytes(next), StandardCharsets.UTF_8)
            : "";
    List<String> unknown = Decoding.unknownFields(target.type(), next);
    if (unknown.isEmpty() || options.fieldValidation() == FieldValidation.IGNORE) {
      return;
    }
    if (options.fieldValidation() == FieldValidation.WARN) {
      options.warnings().addAll(unknown);
      return;
    }
    String quoted = before.replace("\\", "\\\\").replace("\"", "\\\"");
    throw ApiException.invalid(
        "",
        "",
        "",
        "",
        List.of(
            new FieldError(
                Reason.FieldValueInvalid,
                "patch",
                "Invalid value: \""
                    + quoted
                    + "\": strict decoding error: "
                    + String.join(", ", unknown))));
  }

  /** Server-side apply; creates the object when it is missing. */
  public Written apply(Target target, ParsedDocument document, WriteOptions options) {
    ResourceType type = target.type();
    ObjectNode configuration = applied(target, document);
    if (!target.isStatus() && store.get(target.key()) == null) {
      if (!Metadata.uid(configuration).isEmpty()) {
        throw ApiException.conflict(
            type,
            target.name(),
            "uid mismatch: the provided object specified uid "
                + Metadata.uid(configuration)
                + ", and no existing object was found");
      }
      ObjectNode object = merge(target, null, configuration, options);
      try {
        return creator.createOwned(target, object, options);
      } catch (StoreException.AlreadyThere e) {
        return apply(target, document, options); // somebody else was quicker
      }
    }
    return replace(
        target,
        options,
        live -> {
          ObjectNode next = merge(target, live, configuration, options);
          for (String field : List.of("resourceVersion", "uid")) {
            if (Metadata.of(configuration).has(field)) {
              Metadata.copy(configuration, next, field);
            }
          }
          return new Next(next, true);
        });
  }

  private static ObjectNode applied(Target target, ParsedDocument document) {
    ResourceType type = target.type();
    if (!(document.value() instanceof ObjectNode body)) {
      throw ApiException.badRequest("error decoding YAML: an object is wanted");
    }
    String apiVersion = Json.textAt(body, "apiVersion");
    if (!apiVersion.equals(type.apiVersion()) || !body.hasNonNull("kind")) {
      throw ApiException.badRequest(
          "invalid object type: "
              + (apiVersion.isEmpty() ? "/" : apiVersion)
              + ", Kind="
              + Json.textAt(body, "kind"));
    }
    if (Json.at(body, "metadata", "managedFields").size() > 0) {
      throw ApiException.badRequest("metadata.managedFields must be nil");
    }
    ObjectNode configuration = body.deepCopy();
    String undeclared = Decoding.firstUndeclared(type, configuration);
    if (!undeclared.isEmpty()) {
      throw untyped(target, body, "." + undeclared + ": field not declared in schema");
    }
    Preconditions.requireMatchingPath(target, configuration);
    Metadata.of(configuration).put("name", target.name());
    return configuration;
  }

  private ObjectNode merge(
      Target target, @Nullable ObjectNode live, ObjectNode configuration, WriteOptions options) {
    try {
      return ownership(target).apply(live, configuration, options.fieldManager(), options.force());
    } catch (InvalidConfigurationException e) {
      throw untyped(target, configuration, String.valueOf(e.getMessage()));
    } catch (ApplyConflictException e) {
      throw ApiException.applyConflict(
          String.valueOf(e.getMessage()),
          e.conflicts().stream()
              .map(
                  conflict ->
                      ApiException.cause(
                          "FieldManagerConflict", conflict.message(), conflict.field()))
              .toList());
    }
  }

  private static ApiException untyped(Target target, ObjectNode configuration, String why) {
    return ApiException.internal(
        "failed to create typed patch object ("
            + Metadata.namespace(configuration)
            + "/"
            + target.name()
            + "; "
            + target.type().apiVersion()
            + ", Kind="
            + target.type().kind()
            + "): "
            + why);
  }

  private FieldManagement ownership(Target target) {
    ResourceType type = target.type();
    return new FieldManagement(type.schema().get(), type.apiVersion(), target.subresource(), clock);
  }

  /**
   * Changes an object on behalf of the control plane itself, without validation.
   *
   * @return the object after it, or null when it is not there
   */
  public @Nullable ObjectNode maintain(Target target, UnaryOperator<ObjectNode> change) {
    for (int race = 0; race < MAX_RACES; race++) {
      StoredObject stored = store.get(target.key());
      if (stored == null) {
        return null;
      }
      ObjectNode live = target.served(stored);
      ObjectNode next = change.apply(live.deepCopy());
      if (Metadata.of(next).has("managedFields")) {
        next = Ownership.after(ownership(target), live, next, MAINTAINER);
      }
      try {
        return store(target, stored, live, next);
      } catch (StoreException.Conflict e) {
        // somebody else was quicker: begin again from what is there now
      } catch (StoreException.Missing e) {
        return null;
      }
    }
    throw ApiException.modified(target.type(), target.name());
  }

  private interface Step {
    Next next(ObjectNode live);
  }

  private Written replace(Target target, WriteOptions options, Step step) {
    for (int race = 0; race < MAX_RACES; race++) {
      StoredObject stored = store.get(target.key());
      if (stored == null) {
        throw ApiException.notFound(target.type(), target.name());
      }
      ObjectNode live = target.served(stored);
      Next next = step.next(live.deepCopy());
      if (!Metadata.resourceVersion(next.object()).equals(Metadata.resourceVersion(live))) {
        throw ApiException.modified(target.type(), target.name());
      }
      ObjectNode complete = complete(target, live, next, options);
      if (options.dryRun()) {
        return new Written(Metadata.sameContents(complete, live) ? live : complete, false);
      }
      try {
        return new Written(store(target, stored, live, complete), false);
      } catch (StoreException.Conflict e) {
        // somebody else was quicker: begin again from what is there now
      } catch (StoreException.Missing e) {
        throw ApiException.notFound(target.type(), target.name());
      }
    }
    throw ApiException.modified(target.type(), target.name());
  }

  /** What is true of every new state of an object, however it came about. */
  private ObjectNode complete(Target target, ObjectNode live, Next next, WriteOptions options) {
    ResourceType type = target.type();
    ObjectNode object = next.object();
    if (target.isStatus()) {
      ObjectNode kept = live.deepCopy();
      Metadata.copyField(object, kept, "status");
      if (next.owned()) {
        Metadata.copy(object, kept, "managedFields");
      }
      object = kept;
    } else if (type.hasStatus()) {
      Metadata.copyField(live, object, "status");
    }
    restore(type, live, object);
    JsonNode finalizers = Json.at(object, "spec", "finalizers");
    type.rules().prepareUpdate(object, live);
    if (target.subresource().equals("finalize")) {
      object
          .withObjectProperty("spec")
          .set("finalizers", Json.array().addAll(Json.items(finalizers)));
    }
    type.schema().get().applyDefaults(object);
    if (!next.owned()) {
      object = Ownership.after(ownership(target), live, object, options.fieldManager());
    }
    if (type.has(Trait.GENERATION) && !sameSpec(type, live, object)) {
      Metadata.nextGeneration(object);
    }
    creator.validate(target, object, live, options);
    return object;
  }

  private static void restore(ResourceType type, ObjectNode live, ObjectNode object) {
    for (String field :
        List.of(
            "name",
            "namespace",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
            "resourceVersion",
            "selfLink")) {
      Metadata.copy(live, object, field);
    }
    if (Metadata.uid(object).isEmpty()) {
      Metadata.copy(live, object, "uid");
    }
    if (!type.has(Trait.CUSTOM)) {
      object.put("kind", type.kind());
    }
  }

  private static boolean sameSpec(ResourceType type, ObjectNode live, ObjectNode object) {
    ObjectNode before = live.deepCopy();
    ObjectNode after = object.deepCopy();
    before.remove("metadata");
    after.remove("metadata");
    if (type.hasStatus()) {
      before.remove("status");
      after.remove("status");
    }
    return before.equals(after);
  }

  /** Stores the new state, or deletes the object when the last of its finalizers is gone. */
  private ObjectNode store(Target target, StoredObject stored, ObjectNode live, ObjectNode object) {
    ResourceType type = target.type();
    if (Metadata.terminating(object)
        && Metadata.finalizers(object).isEmpty()
        && !type.rules().keepsWhileTerminating(object)) {
      store.delete(
          target.key(), stored.revision(), revision -> Target.stored(type, live, revision));
      type.rules().gone(live);
      return object;
    }
    if (Metadata.sameContents(object, live)) {
      return live;
    }
    StoredObject now =
        store.update(
            target.key(), stored.revision(), revision -> Target.stored(type, object, revision));
    Metadata.setResourceVersion(object, now.revision());
    type.rules().written(object);
    return object;
  }
}
