package dev.holdfast.standalone.apply;

import dev.holdfast.standalone.json.JsonValues;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What changed between two objects. No field is in more than one of the sets. After
 * typed/compare.go of structured-merge-diff.
 *
 * @param removed fields that the second object has no more
 * @param modified fields of both with other values
 * @param added fields that only the second object has
 */
record Comparison(FieldSet removed, FieldSet modified, FieldSet added) {

  static Comparison of(Part before, Part after) {
    Comparison result = new Comparison(new FieldSet(), new FieldSet(), new FieldSet());
    result.compare(before, after, new ArrayList<>());
    return result;
  }

  FieldSet changed() {
    return modified.union(added);
  }

  Comparison without(FieldSet ignored) {
    return new Comparison(
        removed.without(ignored), modified.without(ignored), added.without(ignored));
  }

  @SuppressWarnings("ReferenceEquality") // what a merge has left alone is not searched through
  private void compare(@Nullable Part before, @Nullable Part after, List<String> path) {
    if (before == after) {
      return;
    }
    Set<String> steps = new LinkedHashSet<>();
    if (before != null) {
      steps.addAll(before.below().keySet());
    }
    if (after != null) {
      steps.addAll(after.below().keySet());
    }
    for (String step : steps) {
      path.addLast(step);
      compare(
          before == null ? null : before.below(step),
          after == null ? null : after.below(step),
          path);
      path.removeLast();
    }
    if (before == null) {
      added.insert(path);
    } else if (after == null) {
      removed.insert(path);
    } else if ((before.isWhole() || after.isWhole() || steps.isEmpty())
        && !JsonValues.equal(before.value(), after.value())) {
      modified.insert(path);
    }
  }
}
