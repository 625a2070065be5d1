package dev.holdfast.standalone.control;

import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.DeleteOptions;
import dev.holdfast.standalone.resource.DeleteOptions.Propagation;
import dev.holdfast.standalone.resource.Metadata;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.Range;
import dev.holdfast.standalone.store.StoreException;
import dev.holdfast.standalone.store.StoredObject;
import dev.holdfast.standalone.store.Watch;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Deletes all objects of some resources and waits until their finalizers have let them go. */
final class Emptying {
  private static final Logger LOG = LoggerFactory.getLogger(Emptying.class);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final ResourceWriter writer;
  private final Set<String> running = ConcurrentHashMap.newKeySet();

  Emptying(ResourceWriter writer) {
    this.writer = writer;
  }

  /**
   * Begins in a thread of its own, unless it has begun already.
   *
   * @param what is emptied, for messages; no two things have the same
   * @param types asked for again in every round, because a definition may be added meanwhile
   * @param namespace empty for all
   * @param then done when nothing is left
   */
  void begin(String what, Supplier<List<ResourceType>> types, String namespace, Runnable then) {
    if (running.add(what)) {
      Thread.ofVirtual().name("empty-" + what).start(() -> run(what, types, namespace, then));
    }
  }

  private void run(
      String what, Supplier<List<ResourceType>> types, String namespace, Runnable then) {
    try {
      if (empty(types, namespace)) {
        then.run();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.error("The objects of {} could not be deleted; a restart tries again", what, e);
    } finally {
      running.remove(what);
    }
  }

  /** Returns when nothing is left; false when the store was closed before that. */
  private boolean empty(Supplier<List<ResourceType>> types, String namespace)
      throws InterruptedException {
    ObjectStore store = writer.store();
    Watch watch = store.watch(Range.everything(), store.revision());
    while (!watch.ended()) {
      boolean left = false;
      for (ResourceType type : types.get()) {
        for (StoredObject object : store.list(type.range(namespace)).objects()) {
          left = true;
          if (!Metadata.terminating(Json.trusted(object.json()))) {
            writer.deleteIfThere(
                Target.of(type, object.key()), DeleteOptions.of(Propagation.BACKGROUND, ""));
          }
        }
      }
      if (!left) {
        return true;
      }
      try {
        watch.next(PATIENCE);
      } catch (StoreException.Compacted e) {
        watch = store.watch(Range.everything(), store.revision());
      }
    }
    return false;
  }
}
