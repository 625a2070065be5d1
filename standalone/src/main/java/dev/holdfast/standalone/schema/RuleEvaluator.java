package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cel.common.CelErrorCode;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.holdfast.standalone.schema.FieldError.Reason;
import dev.holdfast.standalone.schema.RuleSet.CompiledRule;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs rules over an object. After schema/cel/validation.go of apiextensions. */
final class RuleEvaluator {
  private static final int MAXIMUM_MESSAGE = 5 * 1024;

  private final List<FieldError> errors = new ArrayList<>();

  private RuleEvaluator() {}

  static List<FieldError> evaluate(RuleSet rules, JsonNode object, @Nullable JsonNode old) {
    RuleEvaluator evaluator = new RuleEvaluator();
    Correlation correlation = old == null ? null : new Correlation(object, old, rules.schema());
    evaluator.visit(rules, object, old, FieldPath.ROOT, new Ratchet(correlation, null));
    return evaluator.errors;
  }

  /**
   * What an update left as it was is not held against it.
   *
   * @param current null under what can't be correlated
   * @param parent the nearest node above that can
   */
  private record Ratchet(@Nullable Correlation current, @Nullable Correlation parent) {
    boolean tolerates() {
      Correlation nearest = current != null ? current : parent;
      return nearest != null && nearest.unchanged();
    }

    Ratchet field(String name) {
      return current == null ? this : new Ratchet(current.field(name), current);
    }

    Ratchet item(int index) {
      return current == null ? this : new Ratchet(current.item(index), current);
    }
  }

  private void visit(
      RuleSet set, JsonNode value, @Nullable JsonNode old, FieldPath path, Ratchet ratchet) {
    if (value.isNull()) {
      return;
    }
    if (!set.rules().isEmpty()) {
      run(set, value, old, path, ratchet);
    }
    if (value.isObject()) {
      for (Map.Entry<String, JsonNode> field : value.properties()) {
        String name = field.getKey();
        RuleSet property = set.properties().get(name);
        JsonNode before = old == null ? null : old.get(name);
        if (property != null) {
          visit(property, field.getValue(), before, path.child(name), ratchet.field(name));
        } else if (set.additional() != null) {
          visit(set.additional(), field.getValue(), before, path.key(name), ratchet.field(name));
        }
      }
    } else if (value.isArray() && set.items() != null) {
      for (int i = 0; i < value.size(); i++) {
        JsonNode item = value.get(i);
        JsonNode before = old == null ? null : Correlation.oldItem(set.schema(), old, item);
        visit(set.items(), item, before, path.index(i), ratchet.item(i));
      }
    }
  }

  private void run(
      RuleSet set, JsonNode value, @Nullable JsonNode old, FieldPath path, Ratchet ratchet) {
    JsonNode before = old == null || old.isNull() ? null : old;
    Map<String, Object> variables = new HashMap<>();
    variables.put(RuleCompiler.SELF, RuleValues.of(set.schema(), value));
    Map<String, Object> optionalVariables = new HashMap<>(variables);
    optionalVariables.put(RuleCompiler.OLD_SELF, Optional.empty());
    if (before != null) {
      JsonNode ordered = RuleValues.inOrderOf(set.schema(), before, value);
      Object oldSelf = RuleValues.of(set.schema(), ordered);
      variables.put(RuleCompiler.OLD_SELF, oldSelf);
      optionalVariables.put(RuleCompiler.OLD_SELF, Optional.of(oldSelf));
    }
    for (CompiledRule rule : set.rules()) {
      boolean optional = rule.rule().optionalOldSelf();
      if (!rule.usesOldSelf() || before != null || optional) {
        Map<String, Object> activation = optional ? optionalVariables : variables;
        evaluate(rule, activation, set.schema(), value, path, ratchet);
      }
    }
  }

  private void evaluate(
      CompiledRule rule,
      Map<String, Object> activation,
      SchemaNode schema,
      JsonNode value,
      FieldPath path,
      Ratchet ratchet) {
    try {
      if (Boolean.TRUE.equals(rule.program().eval(activation))) {
        return;
      }
    } catch (CelEvaluationException e) {
      errors.add(
          path.invalid(
              schema.type(), text(e, activation) + " evaluating rule: " + rule.rule().name()));
      return;
    }
    if (!rule.usesOldSelf() && ratchet.tolerates()) {
      return;
    }
    errors.add(violation(rule, message(rule, activation), schema, value, path));
  }

  private static FieldError violation(
      CompiledRule rule, String message, SchemaNode schema, JsonNode value, FieldPath path) {
    String below = rule.place().text();
    FieldPath place = path;
    if (!below.isEmpty()) {
      place = below.startsWith("[") ? new FieldPath(path.text() + below) : path.child(below);
    }
    boolean container = schema.isObject() || schema.type().equals("array");
    Reason reason = rule.rule().reason();
    return switch (reason) {
      case FieldValueForbidden -> place.forbidden(message);
      case FieldValueRequired -> place.required(message);
      case FieldValueDuplicate ->
          place.error(reason, "Duplicate value" + (container ? "" : ": " + value));
      case FieldValueInvalid,
          FieldValueNotSupported,
          FieldValueTypeInvalid,
          FieldValueTooLong,
          FieldValueTooMany ->
          container
              ? place.error(Reason.FieldValueInvalid, "Invalid value: " + message)
              : place.invalid(value, message);
    };
  }

  private static String message(CompiledRule rule, Map<String, Object> activation) {
    CelRuntime.Program program = rule.message();
    if (program != null) {
      try {
        if (program.eval(activation) instanceof String text
            && !text.isBlank()
            && text.length() <= MAXIMUM_MESSAGE
            && text.strip().indexOf('\n') < 0) {
          return text.strip();
        }
      } catch (CelEvaluationException e) {
        return plainMessage(rule.rule());
      }
    }
    return plainMessage(rule.rule());
  }

  private static String plainMessage(ValidationRule rule) {
    return rule.message().isEmpty() ? "failed rule: " + rule.name() : rule.message();
  }

  /** The errors that users meet, in the words of Kubernetes. */
  private static String text(CelEvaluationException e, Map<String, Object> activation) {
    if (e.getErrorCode() == CelErrorCode.OVERLOAD_NOT_FOUND) {
      Optional<String> reason =
          activation.values().stream().flatMap(RuleValues::unusable).findFirst();
      if (reason.isPresent()) {
        return reason.get();
      }
    }
    String message =
        String.valueOf(e.getMessage()).replaceFirst("^evaluation error( at [^ ]*)?: ", "");
    return e.getErrorCode() == CelErrorCode.ATTRIBUTE_NOT_FOUND
        ? message.replaceFirst("^key '(.*)' is not present in map\\.?", "no such key: $1")
        : message;
  }
}
