package dev.holdfast.standalone.read;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.Metadata;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.Change;
import dev.holdfast.standalone.store.Listing;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.StoreException;
import dev.holdfast.standalone.store.StoredObject;
import dev.holdfast.standalone.store.Watch;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What one watcher is told: the objects there are, where it asked for them, then every change that
 * its selection lets it see, and bookmarks. Runs in the thread that writes to the client.
 */
public final class WatchFeed {
  private static final Duration BOOKMARK_INTERVAL = Duration.ofMinutes(1);
  private static final Duration LAST_BOOKMARK = Duration.ofSeconds(2);
  private static final long MIN_TIMEOUT_SECONDS = 1800; // a random time from one to two of them

  private final ObjectStore store;
  private final ResourceType type;
  private final String namespace;
  private final ListOptions options;
  private final long start;
  private long bookmarked;

  /** Takes the events to the client; throws when the client is gone. */
  @FunctionalInterface
  public interface Sink {
    void send(WatchEvent event) throws IOException, InterruptedException;
  }

  /**
   * Prepares a watch.
   *
   * @param namespace empty for all namespaces
   * @throws ApiException 500 when the resourceVersion is not a number, as the real server answers
   */
  public WatchFeed(ObjectStore store, ResourceType type, String namespace, ListOptions options) {
    this.store = store;
    this.type = type;
    this.namespace = namespace;
    this.options = options;
    this.start = ResourceReader.revision(options.resourceVersion(), ApiException::internal);
  }

  /** Sends events until the time is up, the store is closed or the thread is interrupted. */
  public void run(Sink sink) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + timeout().toNanos();
    try {
      Watch watch = store.watch(type.range(namespace), begin(sink));
      bookmarked = watch.position();
      follow(watch, sink, deadline);
    } catch (StoreException.Compacted e) {
      sink.send(event(WatchEvent.Type.ERROR, expired(e)));
    }
  }

  private Duration timeout() {
    long seconds = options.timeoutSeconds();
    return Duration.ofSeconds(
        seconds > 0
            ? seconds
            : ThreadLocalRandom.current().nextLong(MIN_TIMEOUT_SECONDS, 2 * MIN_TIMEOUT_SECONDS));
  }

  /** Sends what there is already; returns the revision to follow from. */
  private long begin(Sink sink) throws IOException, InterruptedException {
    boolean wanted = options.sendInitialEvents().equals("true");
    if (options.sendInitialEvents().equals("false") || (!wanted && start > 0)) {
      return start == 0 ? store.revision() : start;
    }
    Listing listing = store.list(type.range(namespace));
    for (StoredObject object : listing.objects()) {
      if (options.selection().selects(object)) {
        sink.send(event(WatchEvent.Type.ADDED, object));
      }
    }
    if (wanted && options.bookmarks()) {
      sink.send(bookmark(listing.revision(), true));
    }
    return listing.revision();
  }

  private void follow(Watch watch, Sink sink, long deadline)
      throws IOException, InterruptedException {
    long bookmarkAt = nextBookmark(System.nanoTime(), deadline);
    while (!watch.ended()) {
      long now = System.nanoTime();
      if (now >= deadline) {
        return;
      }
      if (now >= bookmarkAt) {
        bookmark(watch, sink);
        bookmarkAt = nextBookmark(now, deadline);
      }
      long until = Math.min(deadline, bookmarkAt);
      for (Change change : watch.next(Duration.ofNanos(Math.max(1, until - now)))) {
        send(change, sink);
      }
    }
  }

  /** Every minute, and once shortly before the end, so that a client resumes from near there. */
  private static long nextBookmark(long now, long deadline) {
    long last = deadline - LAST_BOOKMARK.toNanos();
    return now >= last ? deadline : Math.min(now + BOOKMARK_INTERVAL.toNanos(), last);
  }

  private void bookmark(Watch watch, Sink sink) throws IOException, InterruptedException {
    if (options.bookmarks() && watch.position() > bookmarked) {
      bookmarked = watch.position();
      sink.send(bookmark(bookmarked, false));
    }
  }

  private void send(Change change, Sink sink) throws IOException, InterruptedException {
    StoredObject before = change.before();
    boolean saw = before != null && options.selection().selects(before);
    boolean sees =
        change.kind() != Change.Kind.DELETED && options.selection().selects(change.after());
    if (sees) {
      sink.send(event(saw ? WatchEvent.Type.MODIFIED : WatchEvent.Type.ADDED, change.after()));
    } else if (saw && change.kind() == Change.Kind.DELETED) {
      sink.send(event(WatchEvent.Type.DELETED, change.after()));
    } else if (saw && before != null) {
      sink.send(
          new WatchEvent(
              WatchEvent.Type.DELETED, before.json().length, null, () -> left(before, change)));
    }
  }

  private ObjectNode left(StoredObject before, Change change) {
    ObjectNode object = Target.served(type, before.json());
    Metadata.setResourceVersion(object, change.revision());
    return object;
  }

  private WatchEvent event(WatchEvent.Type event, StoredObject object) {
    byte[] json = object.json();
    return new WatchEvent(
        event, json.length, type.view() == null ? json : null, () -> Target.served(type, json));
  }

  private static WatchEvent event(WatchEvent.Type event, ObjectNode object) {
    return new WatchEvent(event, 0, null, () -> object);
  }

  private WatchEvent bookmark(long revision, boolean initial) {
    ObjectNode object = Json.object().put("kind", type.kind()).put("apiVersion", type.apiVersion());
    ObjectNode metadata = object.putObject("metadata");
    metadata.put("resourceVersion", Long.toString(revision));
    if (initial) {
      metadata.putObject("annotations").put("k8s.io/initial-events-end", "true");
    }
    return event(WatchEvent.Type.BOOKMARK, object);
  }

  private static ObjectNode expired(StoreException.Compacted e) {
    return ApiException.of(
            410, "Expired", "too old resource version: " + e.requested() + " (" + e.oldest() + ")")
        .status();
  }
}
