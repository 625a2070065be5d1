package dev.holdfast.standalone.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.StoreException;
import dev.holdfast.standalone.store.StoredObject;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Deletes objects: at once when nothing holds them, else by marking them; the last finalizer that
 * goes takes the object with it (see {@link ResourceWriter}).
 */
public final class ResourceDeleter {
  private static final int MAX_RACES = 50;

  private final ObjectStore store;
  private final Clock clock;

  public ResourceDeleter(ObjectStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  /** The object as it waits for its finalizers, or a Status of success when it is gone. */
  public ObjectNode delete(Target target, DeleteOptions options) {
    ResourceType type = target.type();
    for (int race = 0; race < MAX_RACES; race++) {
      StoredObject stored = store.get(target.key());
      if (stored == null) {
        throw ApiException.notFound(type, target.name());
      }
      ObjectNode live = target.served(stored);
      check(target, live, options);
      try {
        return delete(target, stored, live, options);
      } catch (StoreException.Conflict e) {
        // it was written meanwhile: look at it again
      } catch (StoreException.Missing e) {
        throw ApiException.notFound(type, target.name());
      }
    }
    throw ApiException.modified(type, target.name());
  }

  /** Deletes what may be gone by now. */
  public void deleteIfThere(Target target, DeleteOptions options) {
    try {
      delete(target, options);
    } catch (ApiException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }

  private ObjectNode delete(
      Target target, StoredObject stored, ObjectNode live, DeleteOptions options) {
    ResourceType type = target.type();
    ObjectNode next = live.deepCopy();
    Metadata.setFinalizers(next, finalizers(live, options.propagation()));
    boolean first = !Metadata.terminating(live);
    if (first) {
      ObjectNode metadata = Metadata.of(next);
      metadata.put("deletionTimestamp", Metadata.time(clock.instant()));
      if (type.has(Trait.CUSTOM)) {
        metadata.set("deletionGracePeriodSeconds", Json.number(0));
        Metadata.nextGeneration(next);
      }
      type.rules().prepareDeletion(next);
    }
    if (Metadata.finalizers(next).isEmpty() && !type.rules().keepsWhileTerminating(next)) {
      if (!options.dryRun()) {
        store.delete(
            target.key(), stored.revision(), revision -> Target.stored(type, live, revision));
        type.rules().gone(live);
      }
      return success(target, live);
    }
    if (options.dryRun() || next.equals(live)) {
      return options.dryRun() ? next : live;
    }
    StoredObject now =
        store.update(
            target.key(), stored.revision(), revision -> Target.stored(type, next, revision));
    Metadata.setResourceVersion(next, now.revision());
    ObjectNode answer = next.deepCopy();
    type.rules().written(next);
    return answer;
  }

  private static List<String> finalizers(
      ObjectNode live, DeleteOptions.@Nullable Propagation propagation) {
    List<String> finalizers = new ArrayList<>(Metadata.finalizers(live));
    if (propagation == null) {
      return finalizers;
    }
    finalizers.removeAll(List.of(Metadata.FOREGROUND, Metadata.ORPHAN));
    switch (propagation) {
      case FOREGROUND -> finalizers.add(Metadata.FOREGROUND);
      case ORPHAN -> finalizers.add(Metadata.ORPHAN);
      case BACKGROUND -> {}
    }
    return finalizers;
  }

  private static void check(Target target, ObjectNode live, DeleteOptions options) {
    String uid = Metadata.uid(live);
    if (!options.uid().isEmpty() && !options.uid().equals(uid)) {
      throw ApiException.preconditionFailed(
          target.type(),
          target.name(),
          "the UID in the precondition ("
              + options.uid()
              + ") does not match the UID in record ("
              + uid
              + "). The object might have been deleted and then recreated");
    }
    String version = Metadata.resourceVersion(live);
    if (!options.resourceVersion().isEmpty() && !options.resourceVersion().equals(version)) {
      throw ApiException.preconditionFailed(
          target.type(),
          target.name(),
          "the ResourceVersion in the precondition ("
              + options.resourceVersion()
              + ") does not match the ResourceVersion in record ("
              + version
              + "). The object might have been modified");
    }
  }

  private static ObjectNode success(Target target, ObjectNode live) {
    ObjectNode status = Json.object().put("kind", "Status").put("apiVersion", "v1");
    status.set("metadata", Json.object());
    status.put("status", "Success");
    ObjectNode details = status.putObject("details").put("name", target.name());
    if (!target.type().group().isEmpty()) {
      details.put("group", target.type().group());
    }
    details.put("kind", target.type().plural()).put("uid", Metadata.uid(live));
    return status;
  }
}
