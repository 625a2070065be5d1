package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.apply.FieldManagement;
import dev.holdfast.standalone.apply.InvalidConfigurationException;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.StructuralSchema;
import dev.holdfast.standalone.store.Key;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.ObjectStore.Guard;
import dev.holdfast.standalone.store.StoreException;
import dev.holdfast.standalone.store.StoredObject;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The way of every write. A verb makes the next state of an object from the live one; then follow
 * what only the server may set, the rules of its kind, defaults, ownership, generation, validation,
 * and the store, which refuses it if the live object has changed meanwhile. Then the verb begins
 * again, unless the client has named the version that it means.
 */
final class WritePipeline {
  private static final int MAX_RACES = 50;

  private final ObjectStore store;
  private final Clock clock;

  WritePipeline(ObjectStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** What a verb leaves to be done, besides storing. */
  enum Verb {
    /** There must be no live object, so it is not looked for. */
    CREATE,
    /** Update and patch. */
    REPLACE,
    /** The next state has its owners already. */
    APPLY,
    /** A change by the control plane itself: not validated, lest an old object can't be changed. */
    MAINTAIN,
    /** The next state is stored as it is. */
    DELETE
  }

  /** Makes the next state; it must not change the live one. */
  interface Step {
    ObjectNode next(@Nullable ObjectNode live);
  }

  Written write(Target target, Verb verb, WriteOptions options, Step step) {
    ResourceType type = target.type();
    for (int race = 0; race < MAX_RACES; race++) {
      StoredObject stored = verb == Verb.CREATE ? null : store.get(target.key());
      ObjectNode live = stored == null ? null : target.served(stored);
      ObjectNode next = step.next(live);
      try {
        if (stored == null || live == null) {
          Guard guard = type.namespaced() ? namespaceGuard(target) : null;
          return insert(target, complete(target, null, next, verb, options), guard, options);
        }
        if (!Metadata.resourceVersion(next).equals(Metadata.resourceVersion(live))) {
          throw ApiException.modified(type, target.name());
        }
        return replace(target, stored, live, complete(target, live, next, verb, options), options);
      } catch (StoreException.AlreadyThere e) {
        if (verb == Verb.CREATE) {
          throw ApiException.alreadyExists(type, target.name());
        }
      } catch (StoreException.Conflict | StoreException.Missing | StoreException.GuardFailed e) {
        // somebody else was quicker: begin again from what is there now
      }
    }
    throw ApiException.modified(type, target.name());
  }

  /** The namespace as it is now; a create fails when it changes before the object is stored. */
  private Guard namespaceGuard(Target target) {
    String namespace = target.namespace();
    Key key = new Key("", "namespaces", "", namespace);
    StoredObject stored = store.get(key);
    if (stored == null) {
      throw ApiException.namespaceNotFound(namespace);
    }
    if (Metadata.terminating(Json.trusted(stored.json()))) {
      throw ApiException.forbidden(
          target.type(),
          target.name(),
          "unable to create new content in namespace %s because it is being terminated"
              .formatted(namespace),
          ApiException.cause(
              "NamespaceTerminating",
              "namespace " + namespace + " is being terminated",
              "metadata.namespace"));
    }
    return new Guard(key, stored.revision());
  }

  /** What is true of every next state of an object, however it came about. */
  private ObjectNode complete(
      Target target, @Nullable ObjectNode live, ObjectNode next, Verb verb, WriteOptions options) {
    ResourceType type = target.type();
    if (verb == Verb.DELETE) {
      return next;
    }
    ObjectNode object = live == null ? begin(target, next, verb) : keep(target, live, next, verb);
    type.rules().prepare(object, live);
    if (Json.textAt(object, "kind").equals(type.kind())) { // of another kind nothing is known
      type.schema().get().applyDefaults(object);
    }
    if (verb != Verb.APPLY) {
      object = owned(target, live, object, options.fieldManager());
    }
    if (live != null && type.has(Trait.GENERATION) && !sameDesire(type, live, object)) {
      Metadata.nextGeneration(object);
    }
    if (verb != Verb.MAINTAIN) {
      validate(target, object, live);
      options.warnings().addAll(MetadataValidation.warnings(object));
    }
    return object;
  }

  /** Sets what only the server may set of a new object. */
  private ObjectNode begin(Target target, ObjectNode object, Verb verb) {
    ResourceType type = target.type();
    ObjectNode metadata = Metadata.of(object);
    metadata.put("name", target.name());
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
    if (verb != Verb.APPLY) {
      metadata.remove("managedFields");
    }
    object.remove(type.subresources().values());
    return object;
  }

  /** Keeps of the live object what only the server, or only another subresource, may set. */
  private static ObjectNode keep(Target target, ObjectNode live, ObjectNode next, Verb verb) {
    ResourceType type = target.type();
    String only = type.subresources().get(target.subresource());
    ObjectNode object = only == null ? next : live.deepCopy();
    if (only != null) {
      Metadata.copyField(next, object, only);
      if (verb == Verb.APPLY) {
        Metadata.copy(next, object, "managedFields");
      }
      return object;
    }
    type.subresources().values().forEach(field -> Metadata.copyField(live, object, field));
    Metadata.SYSTEM_FIELDS.forEach(field -> Metadata.copy(live, object, field));
    if (Metadata.uid(object).isEmpty()) {
      Metadata.copy(live, object, "uid");
    }
    if (!type.has(Trait.CUSTOM)) {
      object.put("kind", type.kind());
    }
    return object;
  }

  /** The object with its ownership after a write that is not an apply. */
  private ObjectNode owned(
      Target target, @Nullable ObjectNode live, ObjectNode object, String manager) {
    try {
      return live == null
          ? ownership(target).create(target.type().rules().blank(), object, manager)
          : ownership(target).update(live, object, manager);
    } catch (InvalidConfigurationException e) {
      return object; // it does not fit its schema, which validation is about to say better
    }
  }

  FieldManagement ownership(Target target) {
    ResourceType type = target.type();
    StructuralSchema schema = type.schema().get();
    return target.subresource().isEmpty() && !type.hasStatus()
        ? FieldManagement.withoutStatusSubresource(schema, type.apiVersion(), clock)
        : new FieldManagement(schema, type.apiVersion(), target.subresource(), clock);
  }

  private static boolean sameDesire(ResourceType type, ObjectNode live, ObjectNode object) {
    Set<String> others = new HashSet<>(type.subresources().values());
    others.add("metadata");
    return Metadata.equalBut(live, object, others);
  }

  private static void validate(Target target, ObjectNode object, @Nullable ObjectNode live) {
    ResourceType type = target.type();
    List<FieldError> errors = new ArrayList<>();
    String kind = Json.textAt(object, "kind");
    if (!kind.equals(type.kind())) {
      errors.add(FieldError.invalid("kind", kind, "must be " + type.kind()));
    }
    errors.addAll(MetadataValidation.validate(object));
    if (live != null) {
      errors.addAll(MetadataValidation.validateUpdate(object, live));
      if (type.has(Trait.CUSTOM)) { // the real server checks it twice, and reports it twice
        errors.addAll(MetadataValidation.validateUpdate(object, live));
      }
    }
    StructuralSchema schema = type.schema().get();
    List<FieldError> all =
        new ArrayList<>(
            live != null && target.isStatus()
                ? schema.validateStatus(object, live, errors)
                : schema.validate(object, live, errors));
    all.addAll(type.rules().validate(object, live));
    if (!all.isEmpty()) {
      throw ApiException.invalid(type.group(), kind, Metadata.name(object), all);
    }
  }

  private Written insert(
      Target target, ObjectNode object, @Nullable Guard guard, WriteOptions options) {
    ResourceType type = target.type();
    if (!options.dryRun()) {
      StoredObject stored =
          store.create(target.key(), guard, revision -> Target.stored(type, object, revision));
      Metadata.setResourceVersion(object, stored.revision());
      type.rules().written(object);
    } else if (store.get(target.key()) != null) {
      throw ApiException.alreadyExists(type, target.name());
    }
    return new Written(object, true, false);
  }

  /** Stores the next state, or deletes the object when nothing holds it any more. */
  private Written replace(
      Target target,
      StoredObject stored,
      ObjectNode live,
      ObjectNode object,
      WriteOptions options) {
    ResourceType type = target.type();
    if (Metadata.terminating(object)
        && Metadata.finalizers(object).isEmpty()
        && !type.rules().keepsWhileTerminating(object)) {
      if (!options.dryRun()) {
        store.delete(
            target.key(), stored.revision(), revision -> Target.stored(type, live, revision));
        type.rules().gone(live);
      }
      return new Written(object, false, true);
    }
    if (Metadata.sameContents(object, live)) {
      return new Written(live, false, false);
    }
    if (!options.dryRun()) {
      StoredObject now =
          store.update(
              target.key(), stored.revision(), revision -> Target.stored(type, object, revision));
      Metadata.setResourceVersion(object, now.revision());
      type.rules().written(object);
    }
    return new Written(object, false, false);
  }
}
