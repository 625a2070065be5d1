package dev.holdfast.standalone.resource;

import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.store.ObjectStore;
import java.time.Clock;

/** All verbs over one store. */
public final class Resources {
  private final ObjectStore store;
  private final ResourceReader reader;
  private final ResourceCreator creator;
  private final ResourceWriter writer;
  private final ResourceDeleter deleter;

  public Resources(ObjectStore store, Clock clock) {
    this.store = store;
    this.reader = new ResourceReader(store);
    this.creator = new ResourceCreator(store, clock);
    this.writer = new ResourceWriter(store, creator, clock);
    this.deleter = new ResourceDeleter(store, clock);
  }

  public ObjectStore store() {
    return store;
  }

  public ResourceReader reader() {
    return reader;
  }

  public ResourceCreator creator() {
    return creator;
  }

  public ResourceWriter writer() {
    return writer;
  }

  public ResourceDeleter deleter() {
    return deleter;
  }

  /**
   * Prepares a watch.
   *
   * @param namespace empty for all namespaces
   */
  public WatchFeed watch(ResourceType type, String namespace, ListOptions options) {
    return new WatchFeed(store, type, namespace, options);
  }
}
