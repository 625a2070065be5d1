package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.base.Throwables;
import dev.cel.common.CelErrorCode;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.holdfast.standalone.json.JsonValues;
import dev.holdfast.standalone.schema.FieldError.Reason;
import dev.holdfast.standalone.schema.cel.CostBudget;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The compiled rules of a schema node, and of those below it that have any. Run as in
 * schema/cel/validation.go of apiextensions.
 */
record Rules(
    Schema schema,
    List<Compiled> own,
    Map<String, Rules> properties,
    @Nullable Rules additional,
    @Nullable Rules items) {
  private static final int MAXIMUM_MESSAGE = 5 * 1024;
  private static final String TOO_COSTLY =
      "validation failed due to running out of cost budget, no further validation rules will be"
          + " run";

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

  /** What an update left as it was is not held against it. */
  private record Change(JsonNode value, @Nullable JsonNode old) {
    boolean isNone() {
      return JsonValues.equal(value, old);
    }
  }

  /** One run of all rules over an object. */
  private record Run(List<FieldError> errors, CostBudget budget) {}

  List<FieldError> evaluate(JsonNode object, @Nullable JsonNode old) {
    Run run = new Run(new ArrayList<>(), new CostBudget());
    visit(object, old, new Change(object, old), FieldPath.ROOT, run);
    return run.errors();
  }

  /**
   * @param above the change of the nearest value above, or of this one, that can be told
   */
  private void visit(
      JsonNode value, @Nullable JsonNode old, Change above, FieldPath path, Run run) {
    if (value.isNull() || run.budget().isExhausted()) {
      return;
    }
    Change change = old == null ? above : new Change(value, old);
    if (!own.isEmpty()) {
      check(value, old, change, path, run);
    }
    if (value.isObject()) {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        String name = field.getKey();
        Rules property = properties.get(name);
        JsonNode before = old == null ? null : old.get(name);
        if (property != null) {
          property.visit(field.getValue(), before, change, path.child(name), run);
        } else if (additional != null) {
          additional.visit(field.getValue(), before, change, path.key(name), run);
        }
      }
    } else if (items != null) {
      Map<JsonNode, JsonNode> before = schema.oldItems(old);
      for (int i = 0; i < value.size(); i++) {
        JsonNode item = value.get(i);
        items.visit(item, before.get(schema.identity(item)), change, path.index(i), run);
      }
    }
  }

  private void check(
      JsonNode value, @Nullable JsonNode old, Change change, FieldPath path, Run run) {
    Object self = RuleView.of(schema, value, null);
    Object oldSelf =
        old == null || old.isNull() || !needsOldSelf() ? null : RuleView.of(schema, old, value);
    for (Compiled rule : own) {
      boolean optional = rule.rule().optionalOldSelf();
      if (oldSelf != null || optional || !rule.usesOldSelf()) {
        Map<String, Object> variables = new HashMap<>();
        variables.put(RuleCompiler.SELF, self);
        if (oldSelf != null || optional) {
          variables.put(RuleCompiler.OLD_SELF, optional ? Optional.ofNullable(oldSelf) : oldSelf);
        }
        FieldError error = violation(rule, variables, change, path, value, run.budget());
        if (run.budget().isExhausted()) {
          run.errors().add(path.invalid(schema.type(), TOO_COSTLY));
          return;
        } else if (error != null) {
          run.errors().add(error);
        }
      }
    }
  }

  /** Whether rules, or what computes their messages, look at the old value. */
  private boolean needsOldSelf() {
    return own.stream().anyMatch(each -> each.usesOldSelf() || each.message() != null);
  }

  private @Nullable FieldError violation(
      Compiled rule,
      Map<String, Object> variables,
      Change change,
      FieldPath path,
      JsonNode value,
      CostBudget budget) {
    try {
      if (Boolean.TRUE.equals(rule.program().trace(variables, budget))
          || (!rule.usesOldSelf() && change.isNone())) {
        return null;
      }
    } catch (CelEvaluationException e) {
      String text = text(e, variables) + " evaluating rule: " + rule.rule().name();
      return path.invalid(schema.type(), text);
    }
    Schema.Found found = schema.find(rule.rule().fieldPath(), path);
    FieldPath place = found == null ? path : found.path();
    String message = message(rule, variables, budget);
    boolean container = value.isContainerNode();
    return switch (rule.rule().reason()) {
      case "FieldValueForbidden" -> place.forbidden(message);
      case "FieldValueRequired" -> place.required(message);
      case "FieldValueDuplicate" ->
          place.error(
              Reason.FieldValueDuplicate, "Duplicate value" + (container ? "" : ": " + value));
      default ->
          container
              ? place.error(Reason.FieldValueInvalid, "Invalid value: " + message)
              : place.invalid(value, message);
    };
  }

  private static String message(Compiled rule, Map<String, Object> variables, CostBudget budget) {
    CelRuntime.Program program = rule.message();
    try {
      if (program != null
          && program.trace(variables, budget) instanceof String text
          && !text.isBlank()
          && text.length() <= MAXIMUM_MESSAGE
          && text.strip().indexOf('\n') < 0) {
        return text.strip();
      }
    } catch (CelEvaluationException e) {
      // Then the message that is there without it.
    }
    boolean plain = rule.rule().message().isBlank();
    return plain ? "failed rule: " + rule.rule().name() : rule.rule().name();
  }

  /** The errors that users meet, in the words of Kubernetes. */
  private static String text(CelEvaluationException e, Map<String, Object> variables) {
    if (e.getErrorCode() == CelErrorCode.OVERLOAD_NOT_FOUND) {
      Optional<String> reason = variables.values().stream().flatMap(RuleView::unusable).findFirst();
      if (reason.isPresent()) {
        return reason.get();
      }
    }
    // What a function of ours throws says more than that it failed.
    Throwable cause = Throwables.getRootCause(e);
    Throwable told = cause.getClass() == IllegalArgumentException.class ? cause : e;
    String message =
        String.valueOf(told.getMessage()).replaceFirst("^evaluation error( at [^ ]*)?: ", "");
    return e.getErrorCode() == CelErrorCode.ATTRIBUTE_NOT_FOUND
        ? message.replaceFirst("^key '(.*)' is not present in map\\.?", "no such key: $1")
        : message;
  }
}
