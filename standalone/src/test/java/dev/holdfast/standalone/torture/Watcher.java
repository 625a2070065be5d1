package dev.holdfast.standalone.torture;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Follows a selection and rebuilds its state from events, while its connections break off at random
 * and it goes on from there, from some earlier revision, or from a new list.
 */
final class Watcher implements Callable<Watcher> {
  static final String LAST = "first/last";
  private static final int CHECKPOINTS = 30;
  private static final String GONE = "410";

  final Selection selection;
  final List<Session> sessions = new ArrayList<>();
  final List<Snapshot> snapshots = new ArrayList<>();
  final TreeMap<Long, Map<String, Integer>> checkpoints = new TreeMap<>();
  Map<String, Integer> state = new HashMap<>();
  int killed;
  int resumedEarlier;
  int expired;

  private final Api api;
  private final boolean socket;
  private final Random random;
  private final int mostEvents;
  private final AtomicLong delivered;
  private long position;

  /**
   * @param type as on the wire
   * @param key empty for bookmarks
   */
  record Event(String type, String key, long revision, int content) {}

  /** All the events of one connection. */
  record Session(long from, List<Event> events) {}

  /** What was listed, or sent as initial events, as the state of that revision. */
  record Snapshot(long revision, Map<String, Integer> state) {}

  /**
   * @param mostEvents after at most so many events each connection breaks off
   * @param delivered counts the events of all watchers
   */
  Watcher(
      Api api,
      Selection selection,
      boolean socket,
      Random random,
      int mostEvents,
      AtomicLong delivered) {
    this.api = api;
    this.selection = selection;
    this.socket = socket;
    this.random = random;
    this.mostEvents = mostEvents;
    this.delivered = delivered;
  }

  /** Runs until it has seen the thing that is written last. */
  @Override
  public Watcher call() throws IOException, InterruptedException {
    list();
    while (!state.containsKey(LAST)) {
      switch (random.nextInt(12)) {
        case 0 -> list();
        case 1 -> follow(true);
        case 2, 3, 4, 5 -> {
          goBack();
          follow(false);
        }
        default -> follow(false);
      }
    }
    return this;
  }

  private void goBack() {
    List<Long> revisions = List.copyOf(checkpoints.keySet());
    position = revisions.get(random.nextInt(revisions.size()));
    state = new HashMap<>(checkpoints.get(position));
    resumedEarlier++;
  }

  /** Lists in pages or at once, as it is now or as it was at a revision. */
  private void list() throws IOException {
    String page = random.nextBoolean() ? "&limit=" + (1 + random.nextInt(40)) : "";
    String exact =
        position > 0 && random.nextInt(3) == 0
            ? "&resourceVersionMatch=Exact&resourceVersion=" + position
            : "";
    Map<String, Integer> listed = new HashMap<>();
    String path = selection.collection() + "?x=1" + selection.query() + page;
    Api.Answer answer = api.get(path + exact);
    while (answer.status() == 200) {
      for (JsonNode item : answer.body().path("items")) {
        Thing thing = Thing.of(item);
        listed.put(thing.key(), thing.content());
      }
      String next = answer.body().path("metadata").path("continue").asText();
      if (next.isEmpty()) {
        begin(answer.revision(), listed);
        return;
      }
      answer = api.get(path + "&continue=" + next);
    }
    assertThat(answer.status()).as("%s", answer.body()).isEqualTo(410);
    expired++;
    position = 0;
    list();
  }

  private void begin(long revision, Map<String, Integer> listed) {
    position = revision;
    state = listed;
    snapshots.add(new Snapshot(revision, Map.copyOf(listed)));
    checkpoint();
  }

  private void checkpoint() {
    checkpoints.put(position, Map.copyOf(state));
    if (checkpoints.size() > CHECKPOINTS) {
      checkpoints.pollFirstEntry();
    }
  }

  private void follow(boolean initial) throws IOException, InterruptedException {
    String path =
        selection.collection()
            + "?watch=true&allowWatchBookmarks=true"
            + selection.query()
            + (initial
                ? "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                : "&resourceVersion=" + position)
            + (random.nextInt(4) == 0 ? "&timeoutSeconds=" + (1 + random.nextInt(3)) : "");
    try (Api.Events events = socket ? api.socket(path) : api.stream(path)) {
      if (initial && (!receiveInitial(events) || state.containsKey(LAST))) {
        return;
      }
      Session session = new Session(position, new ArrayList<>());
      sessions.add(session);
      receive(events, session);
    }
    checkpoint();
  }

  @Override
  public String toString() {
    return "%s of %s at %d".formatted(socket ? "socket" : "stream", selection, position);
  }

  /** Whether the bookmark came that ends the initial events. */
  private boolean receiveInitial(Api.Events events) throws IOException, InterruptedException {
    Map<String, Integer> listed = new HashMap<>();
    for (JsonNode next = events.next(); next != null; next = events.next()) {
      JsonNode object = next.path("object");
      if (next.path("type").asText().equals("BOOKMARK")) {
        JsonNode annotations = object.path("metadata").path("annotations");
        assertThat(annotations.path("k8s.io/initial-events-end").asText()).isEqualTo("true");
        begin(Api.revisionOf(object), listed);
        return true;
      }
      assertThat(next.path("type").asText()).isEqualTo("ADDED");
      Thing thing = Thing.of(object);
      assertThat(listed.put(thing.key(), thing.content())).as("%s twice", thing.key()).isNull();
    }
    return false; // its time was over first
  }

  private void receive(Api.Events events, Session session)
      throws IOException, InterruptedException {
    for (int left = 1 + random.nextInt(mostEvents); left > 0; left--) {
      if (random.nextInt(mostEvents * 4) == 0) { // being slow is part of the torment
        LockSupport.parkNanos(random.nextInt(400_000_000));
      }
      JsonNode next = events.next();
      if (next == null) {
        return;
      }
      JsonNode object = next.path("object");
      String type = next.path("type").asText();
      if (type.equals("ERROR")) {
        assertThat(object.path("code").asText()).as("%s", object).isEqualTo(GONE);
        expired++;
        list();
        return;
      }
      position = Api.revisionOf(object);
      if (type.equals("BOOKMARK")) {
        session.events().add(new Event(type, "", position, 0));
        continue;
      }
      Thing thing = Thing.of(object);
      session.events().add(new Event(type, thing.key(), position, thing.content()));
      delivered.incrementAndGet();
      if (type.equals("DELETED")) {
        state.remove(thing.key());
      } else {
        state.put(thing.key(), thing.content());
      }
      if (thing.key().equals(LAST)) {
        return;
      }
    }
    killed++;
  }
}
