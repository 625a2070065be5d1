package dev.holdfast.standalone.store;

import static java.util.Comparator.naturalOrder;
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
import java.util.stream.Stream;
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
    store = open(new StoreOptions(1_000, 1 << 20, 1 << 20, false));
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
    StoredObject updated = store.update(key("a"), created.revision(), false, text("two"));
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
    assertThatThrownBy(() -> store.update(key("a"), created.revision() - 1, false, text("late")))
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
      revision = store.update(key("a"), revision, false, text("x" + i)).revision();
    }

    assertThatThrownBy(() -> watch.next(PATIENCE)).isInstanceOf(StoreException.Compacted.class);
    assertThatThrownBy(() -> store.list(ALL, created.revision(), "", 1))
        .isInstanceOf(StoreException.Compacted.class);
  }

  @Test
  void limitsTheHistoryByItsBytesToo() throws IOException {
    store.close();
    store = open(new StoreOptions(1_000, 10_000, 1 << 20, false));
    StoredObject first = store.create(key("a"), null, text("x".repeat(4_000)));
    StoredObject second = store.update(key("a"), first.revision(), false, text("y".repeat(4_000)));
    store.create(key("b"), null, text("what is present costs the history nothing".repeat(1_000)));
    assertThat(store.list(ALL, first.revision() - 1, "", 9).objects()).isEmpty();

    StoredObject third = store.update(key("a"), second.revision(), false, text("z".repeat(4_000)));
    store.delete(key("a"), third.revision(), text("gone"));
    assertThat(state(store.list(ALL, second.revision(), "", 1))).containsValue(text(second));
    assertThatThrownBy(() -> store.list(ALL, first.revision(), "", 1))
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
        assertThat(rebuilt).isEqualTo(inParts(position, 1 + random.nextInt(9)));
      }
    }

    assertThat(rebuilt).isEqualTo(state(store.list(ALL)));
    assertThat(seen).isSorted().doesNotHaveDuplicates();
  }

  private Map<String, String> inParts(long revision, int most) {
    Map<String, String> whole = new HashMap<>();
    String start = "";
    long following = -1;
    while (following != 0) {
      Listing part = store.list(ALL, revision, start, most);
      assertThat(part.revision()).isEqualTo(revision);
      assertThat(part.objects()).hasSizeLessThanOrEqualTo(most);
      assertThat(part.objects()).hasSize(part.following() > 0 ? most : part.objects().size());
      assertThat(following).isIn(-1L, part.following() + part.objects().size());
      following = part.following();
      whole.putAll(state(part));
      start = whole.keySet().stream().max(naturalOrder()).orElse("") + "\0";
    }
    return whole;
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
        mine.put(name, store.update(key(name), revision, false, text("u" + i)).revision());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "f/things/z", "g/things/", "g/things/default/a", "g/things/x", "h"})
  void listsFromAnywhere(String start) {
    store.create(key("a"), null, text("a"));
    store.create(key("b"), null, text("b"));
    store.create(new Key("h", "things", "", "c"), null, text("c"));

    Listing part = store.list(ALL, ObjectStore.PRESENT, start, 1);
    List<String> expected =
        Stream.of("a", "b").filter(name -> key(name).path().compareTo(start) >= 0).toList();
    assertThat(part.objects().stream().map(object -> object.key().name()))
        .containsExactlyElementsOf(expected.stream().limit(1).toList());
    assertThat(part.following()).isEqualTo(Math.max(0, expected.size() - 1));
  }

  @Test
  void keepsObjectsAndRevisionOverAReopening() throws IOException {
    StoredObject kept = store.create(key("a"), null, text("kept"));
    StoredObject deleted = store.create(key("b"), null, text("deleted"));
    store.delete(key("b"), deleted.revision(), text("deleted"));
    long revision = store.revision();
    store.close();
    store = open(StoreOptions.of(64 << 20));

    assertThat(store.revision()).isEqualTo(revision);
    assertThat(state(store.list(ALL)))
        .containsExactly(Map.entry(key("a").path(), "kept@" + kept.revision()));
    assertThat(store.create(key("b"), null, text("new")).revision()).isEqualTo(revision + 1);
  }

  private static ObjectStore.Encoder bytes(int bytes) {
    return revision -> new byte[bytes];
  }

  @Test
  void refusesObjectsThatAreTooLargeUnlessTheyBecomeSmaller() throws IOException {
    int most = 3 << 19;
    store.close();
    List<StoredObject> old = List.of(new StoredObject(key("old"), 5, new byte[2 * most]));
    ObjectStore.write(directory.resolve("larger.mv"), AtRest.plain(), new Listing(5, old));
    store =
        ObjectStore.open(directory.resolve("larger.mv"), AtRest.plain(), StoreOptions.of(1 << 30));

    StoredObject largest = store.create(key("a"), null, bytes(most));
    assertThatThrownBy(() -> store.create(key("b"), null, bytes(most + 1)))
        .isInstanceOf(StoreException.TooLarge.class)
        .hasMessage(
            "request is too large: g/things/default/b would take 1572865 bytes, an object may take"
                + " 1572864; make several of it");
    assertThatThrownBy(() -> store.update(key("a"), largest.revision(), false, bytes(most + 1)))
        .isInstanceOf(StoreException.TooLarge.class);
    StoredObject marked = store.update(key("a"), largest.revision(), true, bytes(most + 100));
    store.update(key("old"), 5, false, bytes(2 * most - 1));
    store.delete(key("a"), marked.revision(), bytes(most + 100));
  }

  @Test
  void refusesWhatItHasNoRoomForAndNothingElse() throws IOException {
    List<StoredObject> all = new ArrayList<>();
    assertThatThrownBy(
            () -> {
              while (true) {
                all.add(store.create(key("n" + all.size()), null, bytes(99_488)));
              }
            })
        .isInstanceOf(StoreException.Full.class)
        .hasMessage(
            "the control plane is full: its objects take 976 KiB and g/things/default/n10 has no"
                + " room in the 1024 KiB that they may take; delete what is not needed, or restart"
                + " it with a larger heap");
    assertThat(all).hasSize(10);
    assertThat(store.size()).isEqualTo(1_000_000);
    Map<String, String> full = state(store.list(ALL));
    store.close();
    store = open(new StoreOptions(10, 1 << 20, 500_000, false)); // with less room than it takes

    assertThat(state(store.list(ALL))).isEqualTo(full);
    long first = all.get(0).revision();
    assertThatThrownBy(() -> store.update(key("n0"), first, false, bytes(99_489)))
        .isInstanceOf(StoreException.Full.class);
    StoredObject same = store.update(key("n0"), first, false, bytes(99_488));
    store.update(key("n0"), same.revision(), false, bytes(1));
    for (StoredObject object : all.subList(1, 6)) {
      store.delete(object.key(), object.revision(), bytes(100_000));
    }
    StoredObject last = all.get(9);
    StoredObject marked = store.update(last.key(), last.revision(), true, bytes(150_000));
    assertThat(store.size()).isBetween(400_000L, 500_000L);
    assertThatThrownBy(() -> store.create(key("a"), null, bytes(90_000)))
        .isInstanceOf(StoreException.Full.class);
    store.delete(last.key(), marked.revision(), bytes(0));
    store.create(key("a"), null, bytes(90_000));
    assertThat(state(store.list(ALL))).hasSize(5);
  }

  @Test
  void endsWatchesWhenItIsClosed() throws InterruptedException {
    Watch watch = store.watch(ALL, store.revision());
    store.endWatches();

    assertThat(watch.next(PATIENCE)).isEmpty();
    assertThat(watch.ended()).isTrue();
  }
}
