package dev.holdfast.standalone.control;

import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.store.Change;
import dev.holdfast.standalone.store.Key;
import dev.holdfast.standalone.store.Listing;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.Range;
import dev.holdfast.standalone.store.StoreException;
import dev.holdfast.standalone.store.StoredObject;
import dev.holdfast.standalone.store.Watch;
import java.time.Clock;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One thread that follows every change and lets the controllers act on it. */
public final class Controllers implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Controllers.class);
  private static final Duration EXPIRY_INTERVAL = Duration.ofMinutes(1);
  private static final Duration JOIN_PATIENCE = Duration.ofSeconds(10);

  private final ObjectStore store;
  private final ResourceRegistry registry;
  private final GarbageCollector garbage;
  private final Namespaces namespaces;
  private final EventExpiry expiry;
  private final Thread thread;

  public Controllers(ResourceRegistry registry, ResourceWriter writer, Clock clock) {
    this.store = writer.store();
    this.registry = registry;
    this.garbage = new GarbageCollector(registry, writer);
    this.namespaces = new Namespaces(registry, writer);
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
          begin(all);
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

  private void begin(Listing all) {
    for (StoredObject stored : all.objects()) {
      lookAtNamespace(stored);
    }
    garbage.start(all.objects());
  }

  private void follow(Watch watch) throws InterruptedException {
    long expireAt = System.nanoTime();
    while (!watch.ended()) {
      if (System.nanoTime() - expireAt >= 0) {
        expire();
        expireAt = System.nanoTime() + EXPIRY_INTERVAL.toNanos();
      }
      for (Change change : watch.next(garbage.untilDue(EXPIRY_INTERVAL))) {
        try {
          if (change.kind() != Change.Kind.DELETED) {
            lookAtNamespace(change.after());
          }
          garbage.changed(change);
        } catch (RuntimeException e) {
          LOG.error("A change of {} could not be acted on", change.key().path(), e);
        }
      }
      garbage.attendDue();
    }
  }

  private void lookAtNamespace(StoredObject stored) {
    Key key = stored.key();
    if (key.group().isEmpty() && key.resource().equals("namespaces")) {
      namespaces.written(Json.trusted(stored.json()));
    }
  }

  private void expire() {
    ResourceType events = registry.find("", "v1", "events");
    if (events != null) {
      expiry.expire(events);
    }
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
