package dev.holdfast.standalone.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.Metadata;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.Change;
import dev.holdfast.standalone.store.Listing;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.Range;
import dev.holdfast.standalone.store.StoreException;
import dev.holdfast.standalone.store.StoredObject;
import dev.holdfast.standalone.store.Watch;
import java.time.Clock;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One thread that follows every change and lets the controllers act on it. */
public final class Controllers implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Controllers.class);
  private static final Duration EXPIRY_INTERVAL = Duration.ofMinutes(1);
  private static final Duration JOIN_PATIENCE = Duration.ofSeconds(10);

  private final ObjectStore store;
  private final ResourceRegistry registry;
  private final ResourceWriter writer;
  private final @Nullable GarbageCollector garbage;
  private final Emptying emptying;
  private final EventExpiry expiry;
  private final Thread thread;

  /**
   * All controllers.
   *
   * @param collectGarbage whether what has lost its owners is deleted
   */
  public Controllers(
      ResourceRegistry registry, ResourceWriter writer, Clock clock, boolean collectGarbage) {
    this.store = writer.store();
    this.registry = registry;
    this.writer = writer;
    this.garbage = collectGarbage ? new GarbageCollector(registry, writer) : null;
    this.emptying = new Emptying(writer);
    this.expiry = new EventExpiry(writer, clock);
    this.thread = Thread.ofVirtual().name("controllers").unstarted(this::run);
  }

  public void start() {
    thread.start();
  }

  private void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        Listing all = store.list(Range.everything());
        Watch watch = store.watch(Range.everything(), all.revision());
        try {
          all.objects().forEach(this::lookAtNamespace);
          if (garbage != null) {
            garbage.start(all.objects());
          }
          follow(watch);
          return;
        } catch (StoreException.Compacted e) {
          LOG.info("The controllers were overtaken by writes and begin anew");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void follow(Watch watch) throws InterruptedException {
    long expireAt = System.nanoTime();
    while (!watch.ended()) {
      if (System.nanoTime() - expireAt >= 0) {
        expiry.expire(registry.builtIn("", "events"));
        expireAt = System.nanoTime() + EXPIRY_INTERVAL.toNanos();
      }
      for (Change change : watch.next(EXPIRY_INTERVAL)) {
        try {
          if (change.kind() != Change.Kind.DELETED) {
            lookAtNamespace(change.after());
          }
          if (garbage != null) {
            garbage.changed(change);
          }
        } catch (RuntimeException e) {
          LOG.error("A change of {} could not be acted on", change.key().path(), e);
        }
      }
    }
  }

  /**
   * Empties a namespace that is being deleted, then lets it go. Nothing can be created in it any
   * more, so that one that was found empty stays so.
   */
  private void lookAtNamespace(StoredObject stored) {
    if (!stored.key().group().isEmpty() || !stored.key().resource().equals("namespaces")) {
      return;
    }
    ResourceType type = registry.builtIn("", "namespaces");
    ObjectNode namespace = Json.trusted(stored.json());
    if (type != null
        && Metadata.terminating(namespace)
        && type.rules().keepsWhileTerminating(namespace)) {
      String name = stored.key().name();
      Target target = new Target(type, "", name, "finalize");
      emptying.begin(
          "namespace " + name,
          () -> registry.all().stream().filter(ResourceType::namespaced).toList(),
          name,
          () -> writer.maintain(target, Controllers::release));
    }
  }

  private static ObjectNode release(ObjectNode namespace) {
    namespace.withObjectProperty("spec").remove("finalizers");
    return namespace;
  }

  /** Waits until what is being done is done; the store's watches must have ended. */
  @Override
  public void close() {
    try {
      thread.join(JOIN_PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
