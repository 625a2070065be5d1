package dev.holdfast.standalone.resource;

import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.store.ObjectStore;
import java.time.Clock;

/** All verbs over one store. */
public final class Resources {
  private final ObjectStore store;
  private final ResourceReader reader;
  private final ResourceWriter writer;

  public Resources(ObjectStore store, Clock clock) {
    this.store = store;
    this.reader = new ResourceReader(store);
    this.writer = new ResourceWriter(store, clock);
  }

  public ObjectStore store() {
    return store;
  }

  public ResourceReader reader() {
    return reader;
  }

  public ResourceWriter writer() {
    return writer;
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
