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
final class Write {
  private static final int MAX_RACES = 50;

  private final ObjectStore store;
  private final Clock clock;
  private final Target target;
  private final ResourceType type;
  private final Verb verb;
  private final WriteOptions options;

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

  Write(ObjectStore store, Clock clock, Target target, Verb verb, WriteOptions options) {
    this.store = store;
    this.clock = clock;
    this.target = target;
    this.type = target.type();
    this.verb = verb;
    this.options = options;
  }

  Written run(Step step) {
    for (int race = 0; race < MAX_RACES; race++) {
      StoredObject stored = verb == Verb.CREATE ? null : store.get(target.key());
      try {
        return stored == null ? create(step) : replace(stored, step);
      } catch (StoreException.AlreadyThere e) {
        if (verb == Verb.CREATE) {
          throw ApiException.alreadyExists(type, target.name());
        }
      } catch (StoreException.Conflict | StoreException.Missing | StoreException.GuardFailed e) {
        // somebody else was quicker: begin again from what is there now
      } catch (StoreException.TooLarge | StoreException.Full e) {
        throw ApiException.internal(String.valueOf(e.getMessage())); // as what etcd refuses
      }
    }
    throw ApiException.modified(type, target.name());
  }

  private Written create(Step step) {
    ObjectNode next = step.next(null);
    Guard guard = type.namespaced() ? namespaceGuard() : null;
    begin(next);
    ObjectNode object = complete(null, next);
    if (!options.dryRun()) {
      StoredObject stored = store.create(target.key(), guard, target.encoder(object));
      written(object, stored);
    } else if (store.get(target.key()) != null) {
      throw ApiException.alreadyExists(type, target.name());
    }
    return new Written(object, true, false);
  }

  /** Stores the next state, or deletes the object when nothing holds it any more. */
  private Written replace(StoredObject stored, Step step) {
    ObjectNode live = target.served(stored);
    ObjectNode next = step.next(live);
    if (!Metadata.resourceVersion(next).equals(Metadata.resourceVersion(live))) {
      throw ApiException.modified(type, target.name());
    }
    if (verb == Verb.REPLACE && ownedAsSent()) {
      next = owned(live, defaulted(next));
    }
    ObjectNode object = verb == Verb.DELETE ? next : complete(live, keep(live, next));
    if (Metadata.terminating(object)
        && Metadata.finalizers(object).isEmpty()
        && !type.rules().keepsWhileTerminating(object)) {
      if (!options.dryRun()) {
        store.delete(target.key(), stored.revision(), target.encoder(live));
        type.rules().gone(live);
      }
      return new Written(object, false, true);
    }
    boolean same = Metadata.sameContents(object, live);
    if (!same && !options.dryRun()) {
      boolean leaving = verb == Verb.DELETE || verb == Verb.MAINTAIN || Metadata.terminating(live);
      written(
          object, store.update(target.key(), stored.revision(), leaving, target.encoder(object)));
    }
    return new Written(same ? live : object, false, false);
  }

  /** Whether what a client sends gets its owners before it is made what may be stored. */
  private boolean ownedAsSent() {
    // Owners in another version of a kind see what the server is about to reset.
    return verb == Verb.APPLY || (verb == Verb.REPLACE && type.has(Trait.CUSTOM));
  }

  private void written(ObjectNode object, StoredObject stored) {
    Metadata.setResourceVersion(object, stored.revision());
    type.rules().written(object);
  }

  /** The namespace as it is now; a create fails when it changes before the object is stored. */
  private Guard namespaceGuard() {
    String namespace = target.namespace();
    Key key = new Key("", "namespaces", "", namespace);
    StoredObject stored = store.get(key);
    if (stored == null) {
      throw ApiException.namespaceNotFound(namespace);
    }
    if (Metadata.terminating(Json.trusted(stored.json()))) {
      String terminated = "namespace " + namespace + " is being terminated";
      throw ApiException.forbidden(
          type,
          target.name(),
          "unable to create new content in namespace %s because it is being terminated"
              .formatted(namespace),
          ApiException.cause("NamespaceTerminating", terminated, "metadata.namespace"));
    }
    return new Guard(key, stored.revision());
  }

  /** Sets what only the server may set of a new object. */
  private void begin(ObjectNode object) {
    ObjectNode metadata = Metadata.of(object);
    metadata.put("name", target.name());
    metadata.put("namespace", target.namespace());
    if (!type.namespaced()) {
      metadata.remove("namespace");
    }
    metadata.remove(
        List.of("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion"));
    metadata.put("uid", UUID.randomUUID().toString());
    metadata.put("creationTimestamp", Metadata.time(clock.instant()));
    metadata.remove("generation");
    if (type.has(Trait.GENERATION)) {
      Metadata.nextGeneration(object);
    }
    if (verb != Verb.APPLY) {
      metadata.remove("managedFields");
    }
    object.remove(type.subresources().values());
  }

  /** Keeps of the live object what only the server, or only another subresource, may set. */
  private ObjectNode keep(ObjectNode live, ObjectNode next) {
    String only = type.subresources().get(target.subresource());
    if (only != null) {
      ObjectNode object = live.deepCopy();
      Metadata.copyField(next, object, only);
      if (object.path(only).isNull() && !live.has(only)) {
        object.remove(only); // what was not there and is null is unchanged
      }
      if (ownedAsSent()) {
        Metadata.copy(next, object, "managedFields");
      }
      return object;
    }
    type.subresources().values().forEach(field -> Metadata.copyField(live, next, field));
    Metadata.SYSTEM_FIELDS.forEach(field -> Metadata.copy(live, next, field));
    if (Metadata.uid(next).isEmpty()) {
      Metadata.copy(live, next, "uid");
    }
    if (!type.has(Trait.CUSTOM)) {
      next.put("kind", type.kind());
    }
    return next;
  }

  /** What is true of every next state of an object, however it came about. */
  private ObjectNode complete(@Nullable ObjectNode live, ObjectNode next) {
    type.rules().prepare(next, live);
    ObjectNode object = next;
    if (ownedAsSent()) {
      type.schema().get().fillDefaults(object); // of a status that was just removed or never there
    } else {
      object = owned(live, defaulted(object));
    }
    if (live != null && type.has(Trait.GENERATION) && !sameDesire(live, object)) {
      Metadata.nextGeneration(object);
    }
    if (verb != Verb.MAINTAIN) {
      validate(live, object);
    }
    if (verb == Verb.APPLY) {
      asRead(object);
    }
    Json.integers(object);
    return object;
  }

  /**
   * What was applied, as it is read afterwards. Until then it is desired with its nulls and with
   * fields that only something preserved above lets pass: they count for the generation, and nulls
   * are refused where they have a type.
   */
  private void asRead(ObjectNode object) {
    StructuralSchema schema = type.schema().get();
    schema.pruneUnknown(object);
    schema.applyDefaults(object);
  }

  /** With defaults; what was applied has them, but keeps its nulls, to be refused. */
  private ObjectNode defaulted(ObjectNode object) {
    if (Json.textAt(object, "kind").equals(type.kind())) { // of another kind nothing is known
      type.schema().get().applyDefaults(object);
    }
    return object;
  }

  /** The object with its ownership after a write that is not an apply. */
  private ObjectNode owned(@Nullable ObjectNode live, ObjectNode object) {
    FieldManagement ownership = ownership(target, clock);
    try {
      return live == null
          ? ownership.create(type.rules().blank(), object, options.fieldManager())
          : ownership.update(live, object, options.fieldManager());
    } catch (InvalidConfigurationException e) {
      // It does not fit its schema, which validation is about to say better, unless it is reset.
      if (live != null) {
        Metadata.copy(live, object, "managedFields");
      }
      return object;
    }
  }

  static FieldManagement ownership(Target target, Clock clock) {
    ResourceType type = target.type();
    return new FieldManagement(
        type.schema().get(), type.apiVersion(), target.subresource(), type.hasStatus(), clock);
  }

  private boolean sameDesire(ObjectNode live, ObjectNode object) {
    Set<String> others = new HashSet<>(type.subresources().values());
    others.add("metadata");
    return Metadata.equalBut(live, object, others);
  }

  private void validate(@Nullable ObjectNode live, ObjectNode object) {
    List<FieldError> errors = new ArrayList<>();
    String kind = Json.textAt(object, "kind");
    if (!kind.equals(type.kind())) {
      errors.add(FieldError.invalid("kind", kind, "must be " + type.kind()));
    }
    errors.addAll(MetadataValidation.validate(object));
    if (live != null) {
      // The real server checks custom resources twice, and reports it twice.
      for (int times = type.has(Trait.CUSTOM) ? 2 : 1; times > 0; times--) {
        errors.addAll(MetadataValidation.validateUpdate(object, live));
      }
    }
    StructuralSchema schema = type.schema().get();
    List<FieldError> all =
        new ArrayList<>(schema.validate(object, live, live != null && target.isStatus(), errors));
    all.addAll(type.rules().validate(object, live));
    if (!all.isEmpty()) {
      throw ApiException.invalid(type.group(), kind, Metadata.name(object), all);
    }
    options.warnings().addAll(MetadataValidation.warnings(object));
  }
}
