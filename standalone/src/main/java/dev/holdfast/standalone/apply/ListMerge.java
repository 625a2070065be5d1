package dev.holdfast.standalone.apply;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Merges two lists with identities: items of both are merged, the order of the configuration wins
 * among them, and its new items come before the next common one. After typed/merge.go of
 * structured-merge-diff.
 */
final class ListMerge {
  private final Part live;
  private final Part configuration;
  private final Set<String> applied;
  private final Part.Builder result;

  ListMerge(Part live, Part configuration) {
    this.live = live;
    this.configuration = configuration;
    this.applied = new HashSet<>(configuration.steps());
    this.result = new Part.Builder(live);
  }

  Part merge() {
    List<String> before = live.steps();
    List<String> order = configuration.steps();
    Deque<String> common = new ArrayDeque<>(order);
    common.removeIf(step -> live.below(step) == null);
    Set<String> done = new HashSet<>();
    @Nullable String next = common.poll();
    int left = 0;
    int right = 0;
    while (left < before.size() || right < order.size()) {
      String mine = left < before.size() ? before.get(left) : "";
      String other = right < order.size() ? order.get(right) : "";
      if (mine.equals(other)) {
        add(mine, done);
        left++;
        right++;
        next = common.poll();
      } else if (!mine.isEmpty()
          && !other.isEmpty()
          && applied.contains(mine)
          && next != null
          && !next.equals(mine)) {
        left++; // common to both, but not the one whose turn it is: it comes where config has it
      } else if (!mine.isEmpty() && !applied.contains(mine)) {
        result.add(mine, live.value().get(left), Objects.requireNonNull(live.below(mine)));
        left++;
      } else {
        if (done.contains(mine)) {
          left++;
        }
        if (!other.isEmpty()) {
          add(other, done);
          right++;
          if (other.equals(next)) {
            next = common.poll();
          }
        }
      }
    }
    return result.build();
  }

  private void add(String step, Set<String> done) {
    done.add(step);
    result.add(step, live.mergedAt(step, configuration));
  }
}
