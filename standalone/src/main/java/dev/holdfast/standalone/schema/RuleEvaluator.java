package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.base.Throwables;
import dev.cel.common.CelErrorCode;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.holdfast.standalone.json.JsonValues;
import dev.holdfast.standalone.schema.FieldError.Reason;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs rules over an object. After schema/cel/validation.go of apiextensions. */
final class RuleEvaluator {
  private static final int MAXIMUM_MESSAGE = 5 * 1024;

  private final List<FieldError> errors = new ArrayList<>();

  private RuleEvaluator() {}

  static List<FieldError> evaluate(RuleSet rules, JsonNode object, @Nullable JsonNode old) {
    RuleEvaluator evaluator = new RuleEvaluator();
    evaluator.visit(rules, object, old, new Change(object, old), FieldPath.ROOT);
    return evaluator.errors;
  }

  /** What an update left as it was is not held against it. */
  private record Change(JsonNode value, @Nullable JsonNode old) {
    boolean isNone() {
      return JsonValues.equal(value, old);
    }
  }

  /**
   * @param above the change of the nearest value above, or of this one, that can be told
   */
  private void visit(
      RuleSet set, JsonNode value, @Nullable JsonNode old, Change above, FieldPath path) {
    if (value.isNull()) {
      return;
    }
    Change change = old == null ? above : new Change(value, old);
    if (!set.rules().isEmpty()) {
      run(set, value, old, change, path);
    }
    if (value.isObject()) {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        String name = field.getKey();
        RuleSet property = set.properties().get(name);
        JsonNode before = old == null ? null : old.get(name);
        if (property != null) {
          visit(property, field.getValue(), before, change, path.child(name));
        } else if (set.additional() != null) {
          visit(set.additional(), field.getValue(), before, change, path.key(name));
        }
      }
    } else if (set.items() != null) {
      for (int i = 0; i < value.size(); i++) {
        JsonNode before = set.schema().oldItem(old, value.get(i));
        visit(set.items(), value.get(i), before, change, path.index(i));
      }
    }
  }

  private void run(
      RuleSet set, JsonNode value, @Nullable JsonNode old, Change change, FieldPath path) {
    Map<String, Object> variables = new HashMap<>();
    variables.put(RuleCompiler.SELF, RuleValues.of(set.schema(), value, null));
    Map<String, Object> optionalVariables = new HashMap<>(variables);
    Object oldSelf =
        old == null || old.isNull() || !set.needsOldSelf()
            ? null
            : RuleValues.of(set.schema(), old, value);
    optionalVariables.put(RuleCompiler.OLD_SELF, Optional.ofNullable(oldSelf));
    if (oldSelf != null) {
      variables.put(RuleCompiler.OLD_SELF, oldSelf);
    }
    for (RuleSet.Compiled rule : set.rules()) {
      boolean optional = rule.rule().optionalOldSelf();
      if (oldSelf != null || optional || !rule.usesOldSelf()) {
        evaluate(rule, optional ? optionalVariables : variables, set.schema(), change, path, value);
      }
    }
  }

  private void evaluate(
      RuleSet.Compiled rule,
      Map<String, Object> variables,
      Schema schema,
      Change change,
      FieldPath path,
      JsonNode value) {
    try {
      if (!Boolean.TRUE.equals(rule.program().eval(variables))
          && (rule.usesOldSelf() || !change.isNone())) {
        errors.add(violation(rule, message(rule, variables), schema, value, path));
      }
    } catch (CelEvaluationException e) {
      String text = text(e, variables) + " evaluating rule: " + rule.rule().name();
      errors.add(path.invalid(schema.type(), text));
    }
  }

  private static FieldError violation(
      RuleSet.Compiled rule, String message, Schema schema, JsonNode value, FieldPath path) {
    FieldPath below = RuleFieldPath.resolve(schema, rule.rule().fieldPath(), path);
    FieldPath place = Objects.requireNonNullElse(below, path);
    String shown = value.isContainerNode() ? "" : ": " + value;
    return switch (rule.rule().reason()) {
      case "FieldValueForbidden" -> place.forbidden(message);
      case "FieldValueRequired" -> place.required(message);
      case "FieldValueDuplicate" ->
          place.error(Reason.FieldValueDuplicate, "Duplicate value" + shown);
      default ->
          value.isContainerNode()
              ? place.error(Reason.FieldValueInvalid, "Invalid value: " + message)
              : place.invalid(value, message);
    };
  }

  private static String message(RuleSet.Compiled rule, Map<String, Object> variables) {
    CelRuntime.Program program = rule.message();
    try {
      if (program != null
          && program.eval(variables) instanceof String text
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
      Optional<String> reason =
          variables.values().stream().flatMap(RuleValues::unusable).findFirst();
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
