package dev.holdfast.standalone.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.DeleteOptions;
import dev.holdfast.standalone.resource.DeleteOptions.Propagation;
import dev.holdfast.standalone.resource.Metadata;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.Change;
import dev.holdfast.standalone.store.Key;
import dev.holdfast.standalone.store.StoredObject;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes what is owned by nothing any more, as the garbage collector of kube-controller-manager
 * does: background, foreground and orphaning deletion. It follows the changes of all objects in one
 * thread; what it does is idempotent, so that it may look at everything again after a restart.
 */
final class GarbageCollector {
  private static final Logger LOG = LoggerFactory.getLogger(GarbageCollector.class);

  /**
   * How long after a write an object is looked at: as on a cluster, a client sees that an object
   * waits for its dependents, or has an owner that is not there, before that is acted on. What a
   * deletion concerns, dependents and waiting owners, is looked at at once.
   */
  private static final Duration GRACE = Duration.ofSeconds(1);

  private final ResourceRegistry registry;
  private final ResourceWriter writer;
  private final Map<String, Key> objects = new HashMap<>(); // by uid
  private final Map<String, Set<Key>> dependents = new HashMap<>(); // by the owner's uid
  private final Queue<Due> waiting = new ArrayDeque<>();

  private record Due(long at, Key key) {}

  GarbageCollector(ResourceRegistry registry, ResourceWriter writer) {
    this.registry = registry;
    this.writer = writer;
  }

  /** Begins with all objects there are. */
  void start(List<StoredObject> all) {
    objects.clear();
    dependents.clear();
    waiting.clear();
    for (StoredObject stored : all) {
      remember(stored.key(), Json.trusted(stored.json()));
    }
    for (StoredObject stored : all) {
      attend(stored.key());
    }
  }

  /** Takes one change into account. */
  void changed(Change change) {
    StoredObject before = change.before();
    ObjectNode after = Json.trusted(change.after().json());
    Set<Key> affected = new LinkedHashSet<>();
    if (before != null) {
      ObjectNode old = Json.trusted(before.json());
      forget(change.key(), old);
      owners(old).forEach(uid -> affected.addAll(ownerKeys(uid)));
    }
    if (change.kind() == Change.Kind.DELETED) {
      objects.remove(Metadata.uid(after));
      affected.addAll(dependents.getOrDefault(Metadata.uid(after), Set.of()));
    } else {
      remember(change.key(), after);
      if (!owners(after).isEmpty() || Metadata.terminating(after)) {
        waiting.add(new Due(System.nanoTime() + GRACE.toNanos(), change.key()));
      }
    }
    affected.forEach(this::attend);
  }

  /**
   * How long until {@link #attendDue} has something to do; an upper bound when there is nothing.
   */
  Duration untilDue(Duration bound) {
    Due first = waiting.peek();
    long left = first == null ? bound.toNanos() : first.at() - System.nanoTime();
    return Duration.ofNanos(Math.clamp(left, 0, bound.toNanos()));
  }

  /** Looks at the objects whose time has come. */
  void attendDue() {
    for (Due due = waiting.peek();
        due != null && due.at() - System.nanoTime() <= 0;
        due = waiting.peek()) {
      waiting.remove();
      attend(due.key());
    }
  }

  private void remember(Key key, ObjectNode object) {
    objects.put(Metadata.uid(object), key);
    owners(object)
        .forEach(uid -> dependents.computeIfAbsent(uid, u -> new LinkedHashSet<>()).add(key));
  }

  private void forget(Key key, ObjectNode object) {
    for (String uid : owners(object)) {
      Set<Key> keys = dependents.get(uid);
      if (keys != null) {
        keys.remove(key);
        if (keys.isEmpty()) {
          dependents.remove(uid);
        }
      }
    }
  }

  private static List<String> owners(ObjectNode object) {
    List<String> uids = new ArrayList<>();
    Json.at(object, "metadata", "ownerReferences")
        .forEach(reference -> uids.add(Json.textAt(reference, "uid")));
    return uids;
  }

  private List<Key> ownerKeys(String uid) {
    Key key = objects.get(uid);
    return key == null ? List.of() : List.of(key);
  }

  private void attend(Key key) {
    StoredObject stored = writer.store().get(key);
    ResourceType type = registry.findStored(key.group(), key.resource());
    if (stored == null || type == null) {
      return;
    }
    ObjectNode object = Json.trusted(stored.json());
    try {
      if (Metadata.finalizers(object).contains(Metadata.ORPHAN) && Metadata.terminating(object)) {
        orphan(type, key, object);
      } else if (Metadata.finalizers(object).contains(Metadata.FOREGROUND)
          && Metadata.terminating(object)) {
        foreground(type, key, object);
      } else if (!owners(object).isEmpty() && !Metadata.terminating(object)) {
        collect(key, object);
      }
    } catch (RuntimeException e) {
      LOG.warn("{} could not be attended to: {}", key.path(), e.getMessage());
    }
  }

  /** Lets the dependents go on without the owner, then the owner. */
  private void orphan(ResourceType type, Key key, ObjectNode owner) {
    String uid = Metadata.uid(owner);
    for (Key dependent : List.copyOf(dependents.getOrDefault(uid, Set.of()))) {
      strip(dependent, Set.of(uid));
    }
    removeFinalizer(type, key, Metadata.ORPHAN);
  }

  /** Deletes the dependents that block, and lets the owner go when none of them is left. */
  private void foreground(ResourceType type, Key key, ObjectNode owner) {
    String uid = Metadata.uid(owner);
    boolean blocked = false;
    for (Key dependent : List.copyOf(dependents.getOrDefault(uid, Set.of()))) {
      StoredObject stored = writer.store().get(dependent);
      if (stored == null) {
        continue;
      }
      ObjectNode object = Json.trusted(stored.json());
      boolean blocks = blocks(object, uid);
      blocked |= blocks;
      if (blocks && !Metadata.terminating(object)) {
        delete(dependent, object, Propagation.FOREGROUND);
      }
    }
    if (!blocked) {
      removeFinalizer(type, key, Metadata.FOREGROUND);
    }
  }

  private static boolean blocks(ObjectNode object, String uid) {
    for (JsonNode reference : Json.at(object, "metadata", "ownerReferences")) {
      if (Json.textAt(reference, "uid").equals(uid)
          && reference.path("blockOwnerDeletion").asBoolean()) {
        return true;
      }
    }
    return false;
  }

  /** Deletes an object without owners; takes away the references to those that are gone. */
  private void collect(Key key, ObjectNode object) {
    Set<String> gone = new LinkedHashSet<>();
    boolean owned = false;
    boolean waiting = false;
    for (JsonNode reference : Json.at(object, "metadata", "ownerReferences")) {
      String uid = Json.textAt(reference, "uid");
      Key owner = objects.get(uid);
      if (owner == null || !reaches(owner, key)) {
        gone.add(uid);
      } else if (waitsForDependents(owner)) {
        waiting |= reference.path("blockOwnerDeletion").asBoolean();
      } else {
        owned = true;
      }
    }
    if (owned && !gone.isEmpty()) {
      strip(key, gone);
    } else if (!owned && waiting) {
      delete(key, object, Propagation.FOREGROUND);
    } else if (!owned && !gone.isEmpty()) {
      delete(key, object, Propagation.BACKGROUND);
    }
  }

  /** An owner is in the same namespace or in none. */
  private static boolean reaches(Key owner, Key dependent) {
    return owner.namespace().isEmpty() || owner.namespace().equals(dependent.namespace());
  }

  private boolean waitsForDependents(Key owner) {
    StoredObject stored = writer.store().get(owner);
    return stored != null
        && Metadata.finalizers(Json.trusted(stored.json())).contains(Metadata.FOREGROUND);
  }

  private void strip(Key key, Set<String> uids) {
    ResourceType type = registry.findStored(key.group(), key.resource());
    if (type == null) {
      return;
    }
    writer.maintain(
        target(type, key),
        object -> {
          ObjectNode metadata = Metadata.of(object);
          ArrayNode kept = Json.array();
          metadata
              .path("ownerReferences")
              .forEach(
                  reference -> {
                    if (!uids.contains(Json.textAt(reference, "uid"))) {
                      kept.add(reference);
                    }
                  });
          if (kept.isEmpty()) {
            metadata.remove("ownerReferences");
          } else {
            metadata.set("ownerReferences", kept);
          }
          return object;
        });
  }

  private void removeFinalizer(ResourceType type, Key key, String finalizer) {
    writer.maintain(
        target(type, key),
        object -> {
          List<String> finalizers = new ArrayList<>(Metadata.finalizers(object));
          finalizers.remove(finalizer);
          Metadata.setFinalizers(object, finalizers);
          return object;
        });
  }

  private void delete(Key key, ObjectNode object, Propagation propagation) {
    ResourceType type = registry.findStored(key.group(), key.resource());
    if (type != null) {
      writer.deleteIfThere(target(type, key), DeleteOptions.of(propagation, Metadata.uid(object)));
    }
  }

  private static Target target(ResourceType type, Key key) {
    return new Target(type, key.namespace(), key.name(), "");
  }
}
