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
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes what is owned by nothing any more, as the garbage collector of kube-controller-manager
 * does: background, foreground and orphaning deletion. It follows the changes of all objects in one
 * thread; what it does is idempotent, so that it may look at everything again after a restart.
 */
final class GarbageCollector {
  private static final Logger LOG = LoggerFactory.getLogger(GarbageCollector.class);

  private final ResourceRegistry registry;
  private final ResourceWriter writer;
  private final Map<String, Set<Key>> dependents = new HashMap<>(); // by the owner's uid

  GarbageCollector(ResourceRegistry registry, ResourceWriter writer) {
    this.registry = registry;
    this.writer = writer;
  }

  /** Begins with all objects there are. */
  void start(List<StoredObject> all) {
    dependents.clear();
    List<StoredObject> concerned = all.stream().filter(GarbageCollector::isConcerned).toList();
    concerned.forEach(this::remember);
    concerned.forEach(stored -> attend(stored.key(), ""));
  }

  /** Takes one change into account, and looks at all that it concerns. */
  void changed(Change change) {
    Set<Key> affected = new LinkedHashSet<>();
    StoredObject before = change.before();
    if (before != null && isConcerned(before)) {
      for (JsonNode reference : owners(Json.trusted(before.json()))) {
        String uid = Json.textAt(reference, "uid");
        dependents.computeIfPresent(uid, (owner, keys) -> without(keys, change.key()));
        Target owner = owner(reference, change.key());
        if (owner != null) {
          affected.add(owner.key());
        }
      }
    }
    String gone = "";
    if (change.kind() == Change.Kind.DELETED) {
      ObjectNode last = Json.trusted(change.after().json());
      gone = Metadata.uid(last);
      affected.addAll(dependents(last));
    } else if (isConcerned(change.after())) {
      remember(change.after());
      affected.add(change.key());
    }
    for (Key key : affected) {
      attend(key, gone);
    }
  }

  /** Whether an object may have owners or be on its way out: far cheaper than to read it. */
  private static boolean isConcerned(StoredObject object) {
    String text = new String(object.json(), StandardCharsets.ISO_8859_1);
    return text.contains("\"ownerReferences\"") || text.contains("\"deletionTimestamp\"");
  }

  private void remember(StoredObject object) {
    for (JsonNode reference : owners(Json.trusted(object.json()))) {
      String uid = Json.textAt(reference, "uid");
      dependents.computeIfAbsent(uid, owner -> new LinkedHashSet<>()).add(object.key());
    }
  }

  private static @Nullable Set<Key> without(Set<Key> keys, Key key) {
    keys.remove(key);
    return keys.isEmpty() ? null : keys;
  }

  private static List<JsonNode> owners(JsonNode object) {
    return Json.items(Json.at(object, "metadata", "ownerReferences"));
  }

  private List<Key> dependents(ObjectNode owner) {
    return List.copyOf(dependents.getOrDefault(Metadata.uid(owner), Set.of()));
  }

  /**
   * Where an owner is: in no namespace or in that of its dependent; null when its kind is not
   * served here, or can't own such a dependent.
   */
  private @Nullable Target owner(JsonNode reference, Key dependent) {
    String version = Json.textAt(reference, "apiVersion");
    String group = version.contains("/") ? version.substring(0, version.indexOf('/')) : "";
    ResourceType type = registry.findKind(group, Json.textAt(reference, "kind"));
    return type == null || (type.namespaced() && dependent.namespace().isEmpty())
        ? null
        : new Target(type, dependent.namespace(), Json.textAt(reference, "name"), "");
  }

  private @Nullable Target target(Key key) {
    ResourceType type = registry.findStored(key.group(), key.resource());
    return type == null ? null : Target.of(type, key);
  }

  private void attend(Key key, String gone) {
    StoredObject stored = writer.store().get(key);
    Target target = target(key);
    if (stored == null || target == null) {
      return;
    }
    ObjectNode object = Json.trusted(stored.json());
    try {
      if (!Metadata.terminating(object)) {
        collect(target, object, gone);
      } else if (Metadata.finalizers(object).contains(Metadata.ORPHAN)) {
        // Lets the dependents go on without the owner, then the owner.
        dependents(object).forEach(dependent -> strip(dependent, Set.of(Metadata.uid(object))));
        release(target, Metadata.ORPHAN);
      } else if (Metadata.finalizers(object).contains(Metadata.FOREGROUND)
          && !blocked(object, dependents(object))) {
        release(target, Metadata.FOREGROUND);
      }
    } catch (RuntimeException e) {
      LOG.warn("{} could not be attended to: {}", key.path(), e.getMessage());
    }
  }

  /** Whether there are dependents that an owner must wait for; they are deleted. */
  private boolean blocked(ObjectNode owner, List<Key> keys) {
    boolean blocked = false;
    for (Key key : keys) {
      StoredObject stored = writer.store().get(key);
      Target target = target(key);
      if (stored == null || target == null) {
        continue;
      }
      ObjectNode dependent = Json.trusted(stored.json());
      boolean blocks =
          owners(dependent).stream()
              .filter(reference -> Json.textAt(reference, "uid").equals(Metadata.uid(owner)))
              .anyMatch(reference -> reference.path("blockOwnerDeletion").asBoolean());
      if (blocks && !Metadata.terminating(dependent)) {
        delete(target, dependent, Propagation.FOREGROUND);
      }
      blocked |= blocks;
    }
    return blocked;
  }

  /**
   * Deletes an object without owners; takes away the references to those that are gone. An owner
   * that can't be looked up is taken to be there.
   *
   * @param deleted uid of an owner that is known to be gone, or empty
   */
  private void collect(Target target, ObjectNode object, String deleted) {
    Set<String> gone = new HashSet<>();
    boolean owned = false;
    boolean waitedFor = false;
    for (JsonNode reference : owners(object)) {
      String uid = Json.textAt(reference, "uid");
      Target owner = owner(reference, target.key());
      StoredObject stored = owner == null ? null : writer.store().get(owner.key());
      ObjectNode live = stored == null ? Json.object() : Json.trusted(stored.json());
      if (uid.equals(deleted) || (owner != null && !Metadata.uid(live).equals(uid))) {
        gone.add(uid);
      } else if (Metadata.finalizers(live).contains(Metadata.FOREGROUND)) {
        waitedFor |= reference.path("blockOwnerDeletion").asBoolean();
      } else {
        owned = true;
      }
    }
    if (owned && !gone.isEmpty()) {
      strip(target.key(), gone);
    } else if (!owned && waitedFor) {
      delete(target, object, Propagation.FOREGROUND);
    } else if (!owned && !gone.isEmpty()) {
      delete(target, object, Propagation.BACKGROUND);
    }
  }

  private void strip(Key key, Set<String> uids) {
    Target target = target(key);
    if (target == null) {
      return;
    }
    writer.maintain(
        target,
        object -> {
          List<JsonNode> kept =
              owners(object).stream()
                  .filter(reference -> !uids.contains(Json.textAt(reference, "uid")))
                  .toList();
          ArrayNode references = Metadata.of(object).putArray("ownerReferences").addAll(kept);
          if (references.isEmpty()) {
            Metadata.of(object).remove("ownerReferences");
          }
          return object;
        });
  }

  private void release(Target target, String finalizer) {
    writer.maintain(target, object -> Metadata.withoutFinalizer(object, finalizer));
  }

  private void delete(Target target, ObjectNode object, Propagation propagation) {
    writer.deleteIfThere(target, DeleteOptions.of(propagation, Metadata.uid(object)));
  }
}
