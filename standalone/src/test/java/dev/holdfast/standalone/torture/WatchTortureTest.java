package dev.holdfast.standalone.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import dev.holdfast.standalone.security.Identity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Watches over HTTPS, chunked and by WebSocket, while much is written and much breaks. */
class WatchTortureTest {
  private static final int WRITERS = 8;

  @TempDir private Path directory;
  private StandaloneControlPlane plane;
  private Api api;

  @BeforeEach
  void start() throws IOException {
    plane = StandaloneControlPlane.start(StandaloneOptions.in(directory).withSync(false));
    api = new Api(plane.kubeconfig(new Identity.Admin()));
    for (String namespace : List.of("first", "second")) {
      ObjectNode body = Api.object().put("apiVersion", "v1").put("kind", "Namespace");
      body.putObject("metadata").put("name", namespace);
      create("/api/v1/namespaces", body);
    }
    create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Api.parse(Thing.DEFINITION));
    await().until(() -> api.get(Selection.EVERYTHING.collection()).status() == 200);
  }

  @AfterEach
  void stop() throws IOException {
    api.close();
    plane.close();
  }

  private long create(String collection, JsonNode body) throws IOException {
    Api.Answer answer = api.send("POST", collection, Api.JSON, body);
    assertThat(answer.status()).as("%s", answer.body()).isEqualTo(201);
    return answer.revision();
  }

  @Test
  void noWatcherMissesAnEvent() throws Exception {
    torment(1, 20_000, 100);
  }

  @Test
  @Tag("heavy")
  void noWatcherMissesOneOfAMillionEvents() throws Exception {
    torment(2, 1_000_000, 2_000);
  }

  private void torment(long seed, long events, int mostEventsOfAConnection) throws Exception {
    Random random = new Random(seed);
    AtomicLong delivered = new AtomicLong();
    Journal journal = new Journal();
    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    try (threads) {
      long start = api.get(Selection.EVERYTHING.collection()).revision();
      Future<List<JsonNode>> everything = threads.submit(() -> record(start));
      List<Future<Watcher>> watchers = new ArrayList<>();
      for (Selection selection : Selection.VARIOUS) {
        for (boolean socket : List.of(false, true)) {
          watchers.add(
              threads.submit(
                  new Watcher(
                      api,
                      selection,
                      socket,
                      new Random(random.nextLong()),
                      mostEventsOfAConnection,
                      delivered)));
        }
      }
      List<Future<List<Writer.Written>>> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        writers.add(
            threads.submit(
                new Writer(
                    api,
                    "w" + i,
                    new Random(random.nextLong()),
                    () -> delivered.get() >= events || anyFailed(watchers))));
      }
      List<Writer.Written> written = new ArrayList<>();
      for (Future<List<Writer.Written>> writer : writers) {
        written.addAll(result(writer));
      }
      ObjectNode last = Thing.body("first", "last", "gold", false, "n1", 0);
      Api.Answer answer = api.send("POST", Thing.PATH + "namespaces/first/things", Api.JSON, last);
      written.add(
          new Writer.Written(Watcher.LAST, answer.revision(), Thing.of(answer.body()).content()));
      result(everything).forEach(journal::add);
      journal.requireExactly(written);
      judge(journal, watchers);
    } catch (Exception | AssertionError e) {
      threads.shutdownNow(); // else whoever awaits the last event waits for ever
      throw e;
    }
    assertThat(delivered.get()).isGreaterThanOrEqualTo(events);
  }

  private static boolean anyFailed(List<Future<Watcher>> watchers) {
    return watchers.stream().anyMatch(watcher -> watcher.state() == Future.State.FAILED);
  }

  private void judge(Journal journal, List<Future<Watcher>> watchers) throws Exception {
    int sessions = 0;
    int killed = 0;
    int resumedEarlier = 0;
    int expired = 0;
    int bookmarks = 0;
    long events = 0;
    for (Future<Watcher> each : watchers) {
      Watcher watcher = result(each);
      journal.requireExact(watcher.selection, watcher.snapshots);
      for (Watcher.Session session : watcher.sessions) {
        journal.requireNothingMissing(watcher.selection, session);
        events += session.events().size();
        bookmarks +=
            (int) session.events().stream().filter(e -> e.type().equals("BOOKMARK")).count();
      }
      Api.Answer now = api.get(watcher.selection.collection() + "?x=1" + watcher.selection.query());
      assertThat(watcher.state).hasSize(now.body().path("items").size());
      for (JsonNode item : now.body().path("items")) {
        Thing thing = Thing.of(item);
        assertThat(watcher.state).containsEntry(thing.key(), thing.content());
      }
      sessions += watcher.sessions.size();
      killed += watcher.killed;
      resumedEarlier += watcher.resumedEarlier;
      expired += watcher.expired;
    }
    System.out.printf(
        "%d changes by %d writers; %d events and %d bookmarks to %d watchers over %d connections,"
            + " of which %d were broken off; %d times resumed at an earlier revision, %d times told"
            + " that it is gone%n",
        journal.size(),
        WRITERS,
        events - bookmarks,
        bookmarks,
        watchers.size(),
        sessions,
        killed,
        resumedEarlier,
        expired);
  }

  /** Everything from that revision to the last thing. */
  private List<JsonNode> record(long from) throws IOException, InterruptedException {
    List<JsonNode> events = new ArrayList<>();
    try (Api.Events watch =
        api.stream(Selection.EVERYTHING.collection() + "?watch=1&resourceVersion=" + from)) {
      for (JsonNode next = watch.next(); next != null; next = watch.next()) {
        events.add(next);
        if (Thing.of(next.path("object")).key().equals(Watcher.LAST)) {
          return events;
        }
      }
    }
    throw new IOException("the watch has ended after " + events.size() + " events");
  }

  private static <T> T result(Future<T> future) throws Exception {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Error error) {
        throw error;
      }
      throw e;
    }
  }

  @Test
  void aWatcherIsToldThatItsRevisionIsGone() throws Exception {
    String collection = "/api/v1/namespaces/first/configmaps";
    ObjectNode large = Api.object().put("apiVersion", "v1").put("kind", "ConfigMap");
    large.putObject("metadata").put("name", "large");
    large.putObject("data").put("text", "x".repeat(1 << 20));
    long first = create(collection, large);
    long second = 0;
    for (int i = 0; i < 34; i++) { // the history holds 32 MiB of what was replaced
      large.withObjectProperty("data").put("turn", Integer.toString(i));
      Api.Answer answer = api.send("PUT", collection + "/large", Api.JSON, large);
      assertThat(answer.status()).as("%s", answer.body()).isEqualTo(200);
      second = i == 0 ? answer.revision() : second;
    }
    String path = collection + "?watch=1&resourceVersion=" + first;
    for (boolean socket : List.of(false, true)) {
      try (Api.Events events = socket ? api.socket(path) : api.stream(path)) {
        JsonNode event = events.next();
        assertThat(event).isNotNull();
        assertThat(event.path("type").asText()).isEqualTo("ERROR");
        assertThat(event.path("object").path("code").asInt()).isEqualTo(410);
        assertThat(event.path("object").path("reason").asText()).isEqualTo("Expired");
        assertThat(events.next()).as("the watch ends then").isNull();
      }
    }
    Api.Answer past =
        api.get(collection + "?resourceVersionMatch=Exact&limit=1&resourceVersion=" + second);
    assertThat(past.status()).as("%s", past.body()).isEqualTo(410);
  }
}
