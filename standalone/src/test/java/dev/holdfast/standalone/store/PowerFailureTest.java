package dev.holdfast.standalone.store;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.h2.store.fs.FilePath;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The file on a disk that loses power at any moment, again and again. */
class PowerFailureTest {
  private static final MemoryDisk.Disks DISKS = new MemoryDisk.Disks();
  private static final int CRASHES_OF_A_RUN = 12;
  private static final int FAILURES_IN_A_ROW = 4;

  private int crashes;
  private int unacknowledged;

  /**
   * A committed state.
   *
   * @param operations what the disk had been asked for when it was acknowledged
   */
  private record State(int operations, long revision, NavigableMap<String, String> objects) {}

  @BeforeAll
  static void register() {
    FilePath.register(DISKS);
  }

  @AfterAll
  static void unregister() {
    FilePath.unregister(DISKS);
  }

  @Test
  void losesNothingThatWasAcknowledged() throws IOException {
    torment(1, 25);
  }

  @Test
  @Tag("heavy")
  void losesNothingThatWasAcknowledgedInThousandsOfFailures() throws IOException {
    torment(1_000, 2_000);
  }

  private void torment(long firstSeed, int runs) throws IOException {
    for (long seed = firstSeed; seed < firstSeed + runs; seed++) {
      Random random = new Random(seed);
      // Without retention, space is used again at once, which is the harder case.
      Duration retention = random.nextBoolean() ? Duration.ZERO : ObjectFile.RETENTION;
      MemoryDisk disk = new MemoryDisk();
      List<State> possible = List.of(new State(0, 1, new TreeMap<>()));
      for (int failure = 0; failure < FAILURES_IN_A_ROW; failure++) {
        List<State> states = write(disk, retention, possible, random, seed);
        for (int crash = 0; crash < CRASHES_OF_A_RUN; crash++) {
          int operations = random.nextInt(states.get(1).operations(), disk.operations() + 1);
          possible = after(states, operations);
          MemoryDisk found = disk.afterPowerFailure(operations, random.nextInt(5) / 4.0, random);
          if (crash == 0) {
            read(found, possible, seed);
          } else if (crash < CRASHES_OF_A_RUN - 1) {
            open(found, retention, possible, seed);
          } else {
            if (random.nextBoolean()) {
              read(found, possible, seed);
            }
            disk = found; // goes on from there
          }
        }
      }
    }
    System.out.printf(
        "%d power failures; %d times a write was there that had not been acknowledged%n",
        crashes, unacknowledged);
  }

  /** What may be there: the last that was acknowledged by then, or what came after it. */
  private static List<State> after(List<State> states, int operations) {
    int last = 0;
    while (last + 1 < states.size() && states.get(last + 1).operations() <= operations) {
      last++;
    }
    return states.subList(last, Math.min(last + 2, states.size()));
  }

  private ObjectFile open(MemoryDisk disk, Duration retention, List<State> possible, long seed)
      throws IOException {
    String path = DISKS.put("objects", disk);
    ObjectFile file = ObjectFile.open(Path.of(path), AtRest.plain(), true, retention);
    expect(possible, file.revision(), file.load().values(), seed);
    return file;
  }

  /** As a backup does, without a start. */
  private void read(MemoryDisk disk, List<State> possible, long seed) throws IOException {
    Path path = Path.of(DISKS.put("objects", disk));
    Listing found = requireNonNull(ObjectStore.read(path, AtRest.plain()));
    expect(possible, found.revision(), found.objects(), seed);
    Listing again = requireNonNull(ObjectStore.read(path, AtRest.plain()));
    assertThat(again.revision()).isEqualTo(found.revision());
  }

  private void expect(
      List<State> possible, long revision, Collection<StoredObject> objects, long seed) {
    NavigableMap<String, String> found = new TreeMap<>();
    objects.forEach(object -> found.put(object.key().path(), summary(object)));
    assertThat(possible)
        .as("seed %s, found revision %s with %s", seed, revision, found)
        .anyMatch(state -> state.revision() == revision && state.objects().equals(found));
    crashes++;
    if (revision != possible.getFirst().revision()) {
      unacknowledged++;
    }
  }

  private static String summary(StoredObject object) {
    return object.revision() + ":" + object.json().length + ":" + Arrays.hashCode(object.json());
  }

  /** Writes on, and leaves the file as it is when the process is gone, or closes it. */
  private List<State> write(
      MemoryDisk disk, Duration retention, List<State> possible, Random random, long seed)
      throws IOException {
    ObjectFile file = open(disk, retention, possible, seed);
    NavigableMap<String, StoredObject> objects = new TreeMap<>(file.load());
    long revision = file.revision();
    List<State> states = new ArrayList<>();
    states.add(state(disk, revision, objects));
    for (int commit = 4 + random.nextInt(12); commit > 0; commit--) {
      List<Change> changes = new ArrayList<>();
      for (int n = 1 + random.nextInt(4); n > 0; n--) {
        Change change = change(objects, ++revision, random);
        if (change.left() == null) {
          objects.remove(change.key().path());
        } else {
          objects.put(change.key().path(), change.after());
        }
        changes.add(change);
      }
      file.commit(changes);
      states.add(state(disk, revision, objects));
      if (random.nextInt(6) == 0) {
        file.tidy();
      }
    }
    if (random.nextInt(3) == 0) {
      file.close();
    }
    return states;
  }

  private static Change change(
      NavigableMap<String, StoredObject> objects, long revision, Random random) {
    Key key = new Key("g", "things", "default", "n" + random.nextInt(30));
    StoredObject before = objects.get(key.path());
    byte[] json = new byte[random.nextInt(random.nextInt(8) == 0 ? 20_000 : 1_500)];
    random.nextBytes(json);
    StoredObject after = new StoredObject(key, revision, json);
    if (before == null) {
      return new Change(Change.Kind.CREATED, null, after);
    }
    return new Change(
        random.nextInt(4) == 0 ? Change.Kind.DELETED : Change.Kind.UPDATED, before, after);
  }

  private static State state(
      MemoryDisk disk, long revision, NavigableMap<String, StoredObject> objects) {
    NavigableMap<String, String> summaries = new TreeMap<>();
    objects.forEach((key, object) -> summaries.put(key, summary(object)));
    return new State(disk.operations(), revision, summaries);
  }
}
