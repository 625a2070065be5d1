package dev.holdfast.standalone.apply;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Merges two lists with identities: items of both are merged, the order of the configuration wins
 * among them, and its new items come before the next common one. After typed/merge.go of
 * structured-merge-diff.
 */
final class ListMerge {
  private final Part live;
  private final Part configuration;
  private final Part.Builder result;

  private ListMerge(Part live, Part configuration) {
    this.live = live;
    this.configuration = configuration;
    this.result = new Part.Builder(live);
  }

  static Part merge(Part live, Part configuration) {
    return new ListMerge(live, configuration).merge();
  }

  private Part merge() {
    List<String> before = live.steps();
    List<String> order = configuration.steps();
    Set<String> applied = new HashSet<>(order);
    int left = 0;
    int right = 0;
    for (int next = 0; next < order.size(); next++) {
      String common = order.get(next);
      if (live.below(common) != null) {
        for (; left < before.size() && !before.get(left).equals(common); left++) {
          if (!applied.contains(before.get(left))) {
            keep(left);
          }
        }
        left++;
        while (right <= next) {
          add(order.get(right++));
        }
      }
    }
    for (; left < before.size(); left++) {
      if (!applied.contains(before.get(left))) {
        keep(left);
      } else if (right < order.size()) {
        add(order.get(right++)); // in the place that a common one had
      }
    }
    while (right < order.size()) {
      add(order.get(right++));
    }
    return result.build();
  }

  private void keep(int index) {
    String step = live.steps().get(index);
    result.add(step, live.value().get(index), Objects.requireNonNull(live.below(step)));
  }

  private void add(String step) {
    result.add(step, live.mergedAt(step, configuration));
  }
}
