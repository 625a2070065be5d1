package dev.holdfast.standalone.schema;

import dev.cel.runtime.CelRuntime;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The compiled rules of a schema node and of those below it that have any. */
record RuleSet(
    SchemaNode schema,
    List<CompiledRule> rules,
    Map<String, RuleSet> properties,
    @Nullable RuleSet additional,
    @Nullable RuleSet items) {

  /**
   * @param message computes the message; null where the rule has no messageExpression
   * @param place where a violation is reported, relative to the node
   */
  record CompiledRule(
      ValidationRule rule,
      CelRuntime.Program program,
      CelRuntime.@Nullable Program message,
      boolean usesOldSelf,
      FieldPath place) {}

  boolean isEmpty() {
    return rules.isEmpty() && properties.isEmpty() && additional == null && items == null;
  }
}
