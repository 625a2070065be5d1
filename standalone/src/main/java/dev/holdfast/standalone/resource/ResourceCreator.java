package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.ParsedDocument;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.FieldError.Reason;
import dev.holdfast.standalone.schema.StructuralSchema;
import dev.holdfast.standalone.store.Key;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.ObjectStore.Guard;
import dev.holdfast.standalone.store.StoreException;
import dev.holdfast.standalone.store.StoredObject;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Creates objects, and validates them for every write. */
public final class ResourceCreator {
  private static final int MAX_RACES = 50;

  private final ObjectStore store;
  private final Clock clock;

  public ResourceCreator(ObjectStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** Creates an object (POST). */
  public Written create(Target target, ParsedDocument document, WriteOptions options) {
    ResourceType type = target.type();
    ObjectNode object = (ObjectNode) document.value();
    Decoding.normalize(type, object, document, options);
    if (!target.name().isEmpty() && Metadata.name(object).isEmpty()) {
      Metadata.of(object).put("name", target.name());
    }
    if (!Metadata.resourceVersion(object).isEmpty()) {
      throw ApiException.internal("resourceVersion should not be set on objects to be created");
    }
    Preconditions.requireNamespace(target, object);
    ObjectNode prepared = prepare(target, object);
    if (Json.textAt(prepared, "kind").equals(type.kind())) { // of another kind nothing is known
      type.schema().get().applyDefaults(prepared);
    }
    Metadata.of(prepared).remove("managedFields");
    ObjectNode owned = Ownership.ofNew(type, prepared, options.fieldManager(), clock);
    try {
      return insert(target, owned, options);
    } catch (StoreException.AlreadyThere e) {
      throw ApiException.alreadyExists(type, Metadata.name(owned));
    }
  }

  /**
   * Creates what an apply has made, with its ownership.
   *
   * @throws StoreException.AlreadyThere when it was created meanwhile
   */
  Written createOwned(Target target, ObjectNode object, WriteOptions options) {
    ObjectNode prepared = prepare(target, object);
    target.type().schema().get().applyDefaults(prepared);
    return insert(target, prepared, options);
  }

  private ObjectNode prepare(Target target, ObjectNode object) {
    ResourceType type = target.type();
    ObjectNode metadata = Metadata.of(object);
    if (Metadata.name(object).isEmpty() && metadata.hasNonNull("generateName")) {
      metadata.put("name", Metadata.generateName(Json.textAt(metadata, "generateName")));
    }
    if (type.namespaced()) {
      metadata.put("namespace", target.namespace());
    } else {
      metadata.remove("namespace");
    }
    metadata.remove(
        List.of("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"));
    metadata.put("uid", UUID.randomUUID().toString());
    metadata.put("creationTimestamp", Metadata.time(clock.instant()));
    if (type.has(Trait.GENERATION)) {
      metadata.set("generation", Json.number(1));
    } else {
      metadata.remove("generation");
    }
    if (type.hasStatus()) {
      object.remove("status");
    }
    type.rules().prepareCreate(object);
    return object;
  }

  private Written insert(Target target, ObjectNode object, WriteOptions options) {
    ResourceType type = target.type();
    String name = Metadata.name(object);
    Key key = type.key(target.namespace(), name);
    for (int race = 0; race < MAX_RACES; race++) {
      Guard guard = type.namespaced() ? namespaceGuard(target, name) : null;
      validate(target, object, null, options);
      if (options.dryRun()) {
        if (store.get(key) != null) {
          throw ApiException.alreadyExists(type, name);
        }
        return new Written(object, true);
      }
      try {
        StoredObject stored =
            store.create(key, guard, revision -> Target.stored(type, object, revision));
        Metadata.setResourceVersion(object, stored.revision());
        ObjectNode answer = object.deepCopy();
        type.rules().written(object);
        return new Written(answer, true);
      } catch (StoreException.GuardFailed e) {
        // somebody else was quicker: begin again from what is there now
      }
    }
    throw ApiException.modified(type, name);
  }

  /** The namespace as it is now; a create fails when it changes before the object is stored. */
  private Guard namespaceGuard(Target target, String name) {
    Key key = new Key("", "namespaces", "", target.namespace());
    StoredObject stored = store.get(key);
    if (stored == null) {
      throw ApiException.namespaceNotFound(target.namespace());
    }
    if (Metadata.terminating(Json.trusted(stored.json()))) {
      throw ApiException.forbidden(
          target.type(),
          name,
          "unable to create new content in namespace "
              + target.namespace()
              + " because it is being terminated",
          ApiException.cause(
              "NamespaceTerminating",
              "namespace " + target.namespace() + " is being terminated",
              "metadata.namespace"));
    }
    return new Guard(key, stored.revision());
  }

  /**
   * Validates the new state of an object.
   *
   * @param live null on create
   * @throws ApiException 422 with everything that is wrong
   */
  void validate(Target target, ObjectNode object, @Nullable ObjectNode live, WriteOptions options) {
    ResourceType type = target.type();
    List<FieldError> errors = new ArrayList<>();
    String kind = Json.textAt(object, "kind");
    if (!kind.equals(type.kind())) {
      errors.add(
          new FieldError(
              Reason.FieldValueInvalid,
              "kind",
              "Invalid value: \"" + kind + "\": must be " + type.kind()));
    }
    errors.addAll(MetadataValidation.validate(object));
    if (live != null) {
      errors.addAll(MetadataValidation.validateUpdate(object, live));
      if (type.has(Trait.CUSTOM)) { // the real server checks it twice, and reports it twice
        errors.addAll(MetadataValidation.validateUpdate(object, live));
      }
    }
    StructuralSchema schema = type.schema().get();
    errors =
        new ArrayList<>(
            live != null && target.isStatus()
                ? schema.validateStatus(object, live, errors)
                : schema.validate(object, live, errors));
    errors.addAll(type.rules().validate(object, live));
    if (!errors.isEmpty()) {
      throw ApiException.invalid(type.group(), kind, Metadata.name(object), errors);
    }
    options.warnings().addAll(MetadataValidation.warnings(object));
  }
}
