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
import dev.holdfast.standalone.resource.Write.Step;
import dev.holdfast.standalone.resource.Write.Verb;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.FieldError.Reason;
import dev.holdfast.standalone.store.ObjectStore;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The verbs that write: each makes the next state of an object from the live one. */
public final class ResourceWriter {
  private static final String MAINTAINER = "holdfast-standalone";

  private final ObjectStore store;
  private final Clock clock;

  public ResourceWriter(ObjectStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** Where it writes to. */
  public ObjectStore store() {
    return store;
  }

  /** Creates an object (POST). */
  public Written create(Target target, ParsedDocument document, WriteOptions options) {
    ObjectNode body = Decoding.normalize(target.type(), document, options);
    requireMatchingPath(target, body);
    if (!Metadata.resourceVersion(body).isEmpty()) {
      throw ApiException.internal("resourceVersion should not be set on objects to be created");
    }
    String name = Metadata.name(body);
    String base = Json.textAt(body, "metadata", "generateName");
    if (name.isEmpty()) {
      name = base.isEmpty() ? target.name() : Metadata.generateName(base);
    }
    return write(target.named(name), Verb.CREATE, options, live -> body.deepCopy());
  }

  /** Replaces an object (PUT). */
  public Written update(Target target, ParsedDocument document, WriteOptions options) {
    ResourceType type = target.type();
    ObjectNode body = Decoding.normalize(type, document, options);
    requireMatchingPath(target, body);
    String asked = Metadata.resourceVersion(body);
    if (!asked.chars().allMatch(Character::isDigit)) {
      throw ApiException.internal("strconv.ParseUint: parsing \"" + asked + "\": invalid syntax");
    }
    boolean unconditional = asked.isEmpty() || asked.equals("0");
    return write(
        target,
        Verb.REPLACE,
        options,
        live -> {
          ObjectNode next = body.deepCopy();
          if (live == null && type.has(Trait.CREATE_ON_UPDATE) && !target.isStatus()) {
            return next;
          }
          ObjectNode existing = existing(target, live);
          if (unconditional && !type.has(Trait.UNCONDITIONAL_UPDATE)) {
            String message = "Invalid value: 0: must be specified for an update";
            FieldError error =
                new FieldError(Reason.FieldValueInvalid, "metadata.resourceVersion", message);
            throw ApiException.invalid(type.group(), type.plural(), target.name(), List.of(error));
          }
          requireUid(target, body, existing);
          if (unconditional) {
            Metadata.copy(existing, next, "resourceVersion");
          }
          return next;
        });
  }

  /** Changes an object by a patch that knows nothing of ownership. */
  public Written patch(Target target, PatchType patchType, JsonNode patch, WriteOptions options) {
    return write(
        target,
        Verb.REPLACE,
        options,
        live -> {
          ObjectNode next = patched(patchType, existing(target, live), patch);
          Decoding.normalizePatched(target.type(), next, options);
          requireMatchingPath(target, next);
          return next;
        });
  }

  private static ObjectNode patched(PatchType patchType, ObjectNode live, JsonNode patch) {
    try {
      return patchType.apply(live, patch);
    } catch (PatchException e) {
      String message = String.valueOf(e.getMessage());
      throw switch (e.kind()) {
        case MALFORMED -> ApiException.badRequest(message);
        case UNKNOWN_DIRECTIVE -> ApiException.internal(message);
        case NOT_APPLICABLE -> ApiException.withEmptyDetails(422, "Invalid", message);
      };
    }
  }

  /** Server-side apply; creates the object when it is missing. */
  public Written apply(Target target, ParsedDocument document, WriteOptions options) {
    ObjectNode configuration = Decoding.configuration(target, document);
    requireMatchingPath(target, configuration);
    Metadata.of(configuration).put("name", target.name());
    return write(
        target,
        Verb.APPLY,
        options,
        live -> {
          String uid = Metadata.uid(configuration);
          if (target.isStatus()) {
            existing(target, live);
          } else if (live == null && !uid.isEmpty()) {
            String why = "uid mismatch: the provided object specified uid " + uid;
            throw ApiException.conflict(
                target.type(), target.name(), why + ", and no existing object was found");
          }
          ObjectNode next = merged(target, live, configuration, options);
          for (String field : List.of("resourceVersion", "uid")) {
            if (Metadata.of(configuration).has(field)) {
              Metadata.copy(configuration, next, field);
            }
          }
          return next;
        });
  }

  private ObjectNode merged(
      Target target, @Nullable ObjectNode live, ObjectNode configuration, WriteOptions options) {
    try {
      FieldManagement ownership = Write.ownership(target, clock);
      return Decoding.normalizeApplied(
          target.type(),
          ownership.apply(live, configuration, options.fieldManager(), options.force()));
    } catch (InvalidConfigurationException e) {
      throw Decoding.untyped(target, configuration, String.valueOf(e.getMessage()));
    } catch (ApplyConflictException e) {
      List<ObjectNode> causes =
          e.conflicts().stream()
              .map(it -> ApiException.cause("FieldManagerConflict", it.message(), it.field()))
              .toList();
      throw ApiException.applyConflict(String.valueOf(e.getMessage()), causes);
    }
  }

  /**
   * Deletes an object: at once when nothing holds it, else by marking it; the write that takes its
   * last finalizer then takes the object with it.
   */
  public Written delete(Target target, DeleteOptions options) {
    WriteOptions write = WriteOptions.of(MAINTAINER, options.dryRun());
    return write(target, Verb.DELETE, write, live -> marked(target, live, options));
  }

  private ObjectNode marked(Target target, @Nullable ObjectNode live, DeleteOptions options) {
    ObjectNode next = existing(target, live).deepCopy();
    options.check(target, next);
    if (options.propagation() != null) {
      List<String> finalizers = new ArrayList<>(Metadata.finalizers(next));
      finalizers.removeAll(List.of(Metadata.FOREGROUND, Metadata.ORPHAN));
      finalizers.addAll(options.propagation().finalizers());
      Metadata.setFinalizers(next, finalizers);
    }
    if (!Metadata.terminating(next)) {
      ObjectNode metadata = Metadata.of(next);
      metadata.put("deletionTimestamp", Metadata.time(clock.instant()));
      if (target.type().has(Trait.CUSTOM)) {
        metadata.set("deletionGracePeriodSeconds", Json.number(0));
        Metadata.nextGeneration(next);
      }
      target.type().rules().prepareDeletion(next);
    }
    return next;
  }

  /** Deletes what may be gone by now. */
  public void deleteIfThere(Target target, DeleteOptions options) {
    ifThere(() -> delete(target, options));
  }

  /**
   * Changes an object on behalf of the control plane itself, if it is there.
   *
   * @param change gets a copy, which it may change
   */
  public void maintain(Target target, UnaryOperator<ObjectNode> change) {
    WriteOptions options = WriteOptions.of(MAINTAINER, false);
    Step step = live -> change.apply(existing(target, live).deepCopy());
    ifThere(() -> write(target, Verb.MAINTAIN, options, step));
  }

  private Written write(Target target, Verb verb, WriteOptions options, Step step) {
    return new Write(store, clock, target, verb, options).run(step);
  }

  private static void ifThere(Runnable write) {
    try {
      write.run();
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }

  private static ObjectNode existing(Target target, @Nullable ObjectNode live) {
    if (live == null) {
      throw ApiException.notFound(target.type(), target.name());
    }
    return live;
  }

  /** The name and the namespace of the object are those of the path, where they are given. */
  private static void requireMatchingPath(Target target, ObjectNode object) {
    String name = Metadata.name(object);
    if (!name.isEmpty() && !target.name().isEmpty() && !name.equals(target.name())) {
      throw ApiException.badRequest(
          "the name of the object (%s) does not match the name on the URL (%s)"
              .formatted(name, target.name()));
    }
    String namespace = Metadata.namespace(object);
    if (!namespace.isEmpty() && !namespace.equals(target.namespace())) {
      throw ApiException.badRequest(
          "the namespace of the provided object does not match the namespace sent on the request");
    }
  }

  private static void requireUid(Target target, ObjectNode body, ObjectNode live) {
    String uid = Metadata.uid(body);
    if (!uid.isEmpty() && !uid.equals(Metadata.uid(live))) {
      String path = ("/registry/" + target.key().path()).replace("//", "/");
      throw ApiException.conflict(
          target.type(),
          target.name(),
          ("StorageError: invalid object, Code: 4, Key: %s, ResourceVersion: 0, AdditionalErrorMsg:"
                  + " Precondition failed: UID in precondition: %s, UID in object meta: %s")
              .formatted(path, uid, Metadata.uid(live)));
    }
  }
}
