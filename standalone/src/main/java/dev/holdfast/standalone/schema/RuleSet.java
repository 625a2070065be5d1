package dev.holdfast.standalone.schema;

import dev.cel.runtime.CelRuntime;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The compiled rules of a schema node and of those below it that have any. */
record RuleSet(
    Schema schema,
    List<Compiled> rules,
    Map<String, RuleSet> properties,
    @Nullable RuleSet additional,
    @Nullable RuleSet items) {

  /**
   * A rule that can be run.
   *
   * @param message computes the message; null where the rule has no messageExpression
   */
  record Compiled(
      Schema.Rule rule,
      CelRuntime.Program program,
      CelRuntime.@Nullable Program message,
      boolean usesOldSelf) {}

  boolean needsOldSelf() {
    return rules.stream().anyMatch(each -> each.usesOldSelf() || each.message() != null);
  }
}
