package dev.holdfast.standalone.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectStoreTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Range ALL = Range.of("g", "things", "");

  @TempDir private Path directory;
  private ObjectStore store;

  @BeforeEach
  void open() throws IOException {
    store = open(new StoreOptions(1_000, 1 << 20, false));
  }

  @AfterEach
  void close() {
    store.close();
  }

  private ObjectStore open(StoreOptions options) throws IOException {
    return ObjectStore.open(directory.resolve("objects.mv"), AtRest.plain(), options);
  }

  private static Key key(String name) {
    return new Key("g", "things", "default", name);
  }

  private static ObjectStore.Encoder text(String text) {
    return revision -> (text + "@" + revision).getBytes(StandardCharsets.UTF_8);
  }

  private static String text(StoredObject object) {
    return new String(object.json(), StandardCharsets.UTF_8);
  }

  private static Map<String, String> state(Listing listing) {
    return listing.objects().stream()
        .collect(Collectors.toMap(object -> object.key().path(), ObjectStoreTest::text));
  }

  @Test
  void givesEveryWriteTheNextRevision() {
    long before = store.revision();
    StoredObject created = store.create(key("a"), null, text("one"));
    StoredObject updated = store.update(key("a"), created.revision(), text("two"));
    StoredObject deleted = store.delete(key("a"), updated.revision(), text("gone"));

    assertThat(List.of(created.revision(), updated.revision(), deleted.revision()))
        .containsExactly(before + 1, before + 2, before + 3);
    assertThat(text(updated)).isEqualTo("two@" + updated.revision());
    assertThat(store.get(key("a"))).isNull();
    assertThat(store.revision()).isEqualTo(before + 3);
  }

  @Test
  void refusesWhatDoesNotFitTheStoredState() {
    StoredObject created = store.create(key("a"), null, text("one"));
    long revision = store.revision();

    assertThatThrownBy(() -> store.create(key("a"), null, text("again")))
        .isInstanceOf(StoreException.AlreadyThere.class);
    assertThatThrownBy(() -> store.update(key("a"), created.revision() - 1, text("late")))
        .isInstanceOf(StoreException.Conflict.class);
    assertThatThrownBy(() -> store.delete(key("b"), 1, text("none")))
        .isInstanceOf(StoreException.Missing.class);
    assertThatThrownBy(
            () ->
                store.create(
                    key("c"),
                    new ObjectStore.Guard(key("a"), created.revision() + 5),
                    text("unguarded")))
        .isInstanceOf(StoreException.GuardFailed.class);
    assertThat(store.revision()).isEqualTo(revision);
  }

  @Test
  void listsInTheOrderOfTheBytesOfNamespaceAndName() {
    for (String namespace : List.of("b", "a-b", "a")) {
      store.create(new Key("g", "things", namespace, "x"), null, text("x"));
    }
    store.create(new Key("g", "thingsandmore", "a", "x"), null, text("other"));

    assertThat(store.list(ALL).objects())
        .extracting(object -> object.key().namespace())
        .containsExactly("a-b", "a", "b");
    assertThat(store.list(Range.of("g", "things", "a")).objects()).hasSize(1);
  }

  @Test
  void cutsOffAWatcherThatIsOvertaken() throws InterruptedException {
    StoredObject created = store.create(key("a"), null, text("x"));
    Watch watch = store.watch(ALL, created.revision());
    long revision = created.revision();
    for (int i = 0; i < 1_001; i++) {
      revision = store.update(key("a"), revision, text("x" + i)).revision();
    }

    assertThatThrownBy(() -> watch.next(PATIENCE)).isInstanceOf(StoreException.Compacted.class);
    assertThatThrownBy(() -> store.listAt(ALL, created.revision()))
        .isInstanceOf(StoreException.Compacted.class);
  }

  @Test
  void limitsTheHistoryByItsBytesToo() throws IOException {
    store.close();
    store = open(new StoreOptions(1_000, 10_000, false));
    StoredObject first = store.create(key("a"), null, text("x".repeat(4_000)));
    store.create(key("b"), null, text("x".repeat(4_000)));
    store.create(key("c"), null, text("x".repeat(4_000)));

    assertThat(store.listAt(ALL, first.revision()).objects()).hasSize(1);
    assertThatThrownBy(() -> store.listAt(ALL, first.revision() - 1))
        .isInstanceOf(StoreException.Compacted.class);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void everyWatcherRebuildsTheSameStateFromWhereverItResumes(long seed)
      throws InterruptedException {
    List<Thread> writers =
        IntStream.range(0, 4)
            .mapToObj(n -> Thread.ofVirtual().start(() -> writeRandomly(seed * 31 + n, n)))
            .toList();
    Random random = new Random(seed);
    Listing start = store.list(ALL);
    Map<String, String> rebuilt = new HashMap<>(state(start));
    long position = start.revision();
    List<Long> seen = new ArrayList<>();
    while (writers.stream().anyMatch(Thread::isAlive) || position < store.revision()) {
      Watch watch = store.watch(ALL, position); // a new watcher each time, as after a lost one
      for (int rounds = random.nextInt(3); rounds >= 0; rounds--) {
        for (Change change : watch.next(Duration.ofMillis(20))) {
          seen.add(change.revision());
          apply(rebuilt, change);
        }
      }
      position = watch.position();
      if (random.nextInt(4) == 0) {
        assertThat(rebuilt).isEqualTo(state(store.listAt(ALL, position)));
      }
    }

    assertThat(rebuilt).isEqualTo(state(store.list(ALL)));
    assertThat(seen).isSorted().doesNotHaveDuplicates();
  }

  private static void apply(Map<String, String> state, Change change) {
    String path = change.key().path();
    StoredObject before = change.before();
    assertThat(state.get(path)).isEqualTo(before == null ? null : text(before));
    if (change.kind() == Change.Kind.DELETED) {
      state.remove(path);
    } else {
      state.put(path, text(change.after()));
    }
  }

  private void writeRandomly(long seed, int writer) {
    Random random = new Random(seed);
    Map<String, Long> mine = new HashMap<>();
    for (int i = 0; i < 200; i++) {
      String name = "w" + writer + "-" + random.nextInt(10);
      Long revision = mine.get(name);
      if (revision == null) {
        mine.put(name, store.create(key(name), null, text("n" + i)).revision());
      } else if (random.nextInt(3) == 0) {
        store.delete(key(name), revision, text("d" + i));
        mine.remove(name);
      } else {
        mine.put(name, store.update(key(name), revision, text("u" + i)).revision());
      }
    }
  }

  @Test
  void keepsObjectsAndRevisionOverAReopening() throws IOException {
    StoredObject kept = store.create(key("a"), null, text("kept"));
    StoredObject deleted = store.create(key("b"), null, text("deleted"));
    store.delete(key("b"), deleted.revision(), text("deleted"));
    long revision = store.revision();
    store.close();
    store = open(StoreOptions.defaults());

    assertThat(store.revision()).isEqualTo(revision);
    assertThat(state(store.list(ALL)))
        .containsExactly(Map.entry(key("a").path(), "kept@" + kept.revision()));
    assertThat(store.create(key("b"), null, text("new")).revision()).isEqualTo(revision + 1);
  }

  @Test
  void endsWatchesWhenItIsClosed() throws InterruptedException {
    Watch watch = store.watch(ALL, store.revision());
    store.endWatches();

    assertThat(watch.next(PATIENCE)).isEmpty();
    assertThat(watch.ended()).isTrue();
  }
}
