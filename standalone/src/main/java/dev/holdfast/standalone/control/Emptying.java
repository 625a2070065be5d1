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
import java.util.function.Supplier;

/** Deletes all objects of some resources and waits until their finalizers have let them go. */
final class Emptying {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final ResourceWriter writer;

  Emptying(ResourceWriter writer) {
    this.writer = writer;
  }

  /**
   * Returns when nothing is left.
   *
   * @param types asked for again in every round, because a definition may be added meanwhile
   * @param namespace empty for all
   * @return false when the store was closed before that
   */
  boolean empty(Supplier<List<ResourceType>> types, String namespace) throws InterruptedException {
    ObjectStore store = writer.store();
    Watch watch = store.watch(Range.everything(), store.revision());
    while (!watch.ended()) {
      boolean left = false;
      for (ResourceType type : types.get()) {
        for (StoredObject object : store.list(type.range(namespace)).objects()) {
          left = true;
          if (!Metadata.terminating(Json.trusted(object.json()))) {
            delete(type, object);
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

  private void delete(ResourceType type, StoredObject object) {
    writer.deleteIfThere(
        new Target(type, object.key().namespace(), object.key().name(), ""),
        DeleteOptions.of(Propagation.BACKGROUND, ""));
  }
}
