package dev.holdfast.standalone.torture;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Every change there was, as a watcher has seen it that was left in peace. */
final class Journal {
  private final TreeMap<Long, Change> changes = new TreeMap<>();
  private final Map<String, Thing> state = new HashMap<>();

  private record Change(long revision, String key, @Nullable Thing before, @Nullable Thing after) {

    /** What a watcher of that selection is told; null for nothing. */
    Watcher.@Nullable Event seenThrough(Selection selection) {
      boolean saw = before != null && selection.includes().test(before);
      if (after != null && selection.includes().test(after)) {
        return new Watcher.Event(saw ? "MODIFIED" : "ADDED", key, revision, after.content());
      }
      return saw && before != null
          ? new Watcher.Event("DELETED", key, revision, before.content())
          : null;
    }
  }

  /** Takes an event of the watch that sees everything; checks that it follows the others. */
  void add(JsonNode event) {
    JsonNode object = event.path("object");
    String type = event.path("type").asText();
    Thing thing = Thing.of(object);
    long revision = Api.revisionOf(object);
    assertThat(changes).as("%s", event).doesNotContainKey(revision);
    assertThat(changes.isEmpty() ? 0 : changes.lastKey()).as("%s", event).isLessThan(revision);
    Thing before =
        type.equals("DELETED") ? state.remove(thing.key()) : state.put(thing.key(), thing);
    assertThat(type)
        .as("%s", event)
        .isIn(before == null ? List.of("ADDED") : List.of("MODIFIED", "DELETED"));
    changes.put(
        revision, new Change(revision, thing.key(), before, type.equals("DELETED") ? null : thing));
  }

  int size() {
    return changes.size();
  }

  /** Every acknowledged write is there, in order, and nothing else. */
  void requireExactly(List<Writer.Written> written) {
    Map<String, Iterator<Change>> seen =
        changes.values().stream()
            .collect(
                Collectors.groupingBy(
                    Change::key,
                    Collectors.collectingAndThen(Collectors.toList(), List::iterator)));
    for (Writer.Written each : written) {
      Change change = seen.get(each.key()).next();
      Thing after = change.after();
      if (each.revision() == 0) {
        assertThat(after).as("%s was deleted", each).isNull();
      } else {
        assertThat(after).as("%s", each).isNotNull();
        assertThat(new Writer.Written(change.key(), change.revision(), after.content()))
            .isEqualTo(each);
      }
    }
    assertThat(seen.values()).noneMatch(Iterator::hasNext);
  }

  /** The session told every change of its selection once, up to where it was broken off. */
  void requireNothingMissing(Selection selection, Watcher.Session session) {
    Iterator<Change> next = changes.tailMap(session.from(), false).values().iterator();
    long told = session.from();
    for (Watcher.Event event : session.events()) {
      if (event.type().equals("BOOKMARK")) {
        assertThat(event.revision()).isGreaterThanOrEqualTo(told);
        // Whoever resumes there must have been told everything before.
        assertThat(changes.subMap(told, false, event.revision(), true).values())
            .as("before the bookmark at %s, after %s", event.revision(), told)
            .allMatch(change -> change.seenThrough(selection) == null);
        next = changes.tailMap(event.revision(), false).values().iterator();
      } else {
        Watcher.@Nullable Event expected = null;
        while (expected == null && next.hasNext()) {
          expected = next.next().seenThrough(selection);
        }
        assertThat(event)
            .as("of %s, from %s, after %s", selection, session.from(), told)
            .isEqualTo(expected);
      }
      told = event.revision();
    }
  }

  /** Each snapshot shows the state of its revision. */
  void requireExact(Selection selection, Collection<Watcher.Snapshot> snapshots) {
    Map<String, Integer> shown = new HashMap<>();
    Iterator<Change> next = changes.values().iterator();
    List<Watcher.Snapshot> inOrder = new ArrayList<>(snapshots);
    inOrder.sort(Comparator.comparingLong(Watcher.Snapshot::revision));
    Change change = next.hasNext() ? next.next() : null;
    for (Watcher.Snapshot snapshot : inOrder) {
      while (change != null && change.revision() <= snapshot.revision()) {
        Thing after = change.after();
        if (after != null && selection.includes().test(after)) {
          shown.put(change.key(), after.content());
        } else {
          shown.remove(change.key());
        }
        change = next.hasNext() ? next.next() : null;
      }
      assertThat(snapshot.state()).as("%s at %s", selection, snapshot.revision()).isEqualTo(shown);
    }
  }
}
