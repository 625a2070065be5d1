package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.CelType;
import dev.cel.common.types.OptionalType;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.holdfast.standalone.schema.cel.KubernetesCel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Compiles the rules of a schema. After schema/cel/compilation.go of apiextensions, without the
 * estimation of costs.
 */
final class RuleCompiler {
  static final String SELF = "self";
  static final String OLD_SELF = "oldSelf";

  private final List<FieldError> errors;

  private RuleCompiler(List<FieldError> errors) {
    this.errors = errors;
  }

  /**
   * Compiles all rules of a resource.
   *
   * @param errors where it notes what is wrong with them
   * @return null where there are none
   */
  static @Nullable Rules compile(JsonNode schema, FieldPath path, List<FieldError> errors) {
    if (schema.findValue("x-kubernetes-validations") == null) {
      return null;
    }
    // Rules of a resource know its kind and name, whatever its schema says.
    ObjectNode known = schema.deepCopy();
    ObjectNode properties = known.withObjectProperty("properties");
    properties.putObject("apiVersion").put("type", "string");
    properties.putObject("kind").put("type", "string");
    ObjectNode metadata = properties.putObject("metadata").put("type", "object");
    metadata.putObject("properties").putObject("name").put("type", "string");
    metadata.withObjectProperty("properties").putObject("generateName").put("type", "string");
    return new RuleCompiler(errors).compile(Schema.read(known), path, null);
  }

  /**
   * @param uncorrelatable the list under which old and new items can't be told to be the same
   */
  private @Nullable Rules compile(
      @Nullable Schema node, FieldPath path, @Nullable FieldPath uncorrelatable) {
    if (node == null) {
      return null;
    }
    Map<String, Rules> properties = new HashMap<>();
    node.properties()
        .forEach(
            (name, child) -> {
              FieldPath place = path.child("properties").key(name);
              Rules rules = compile(child, place, uncorrelatable);
              if (rules != null) {
                properties.put(name, rules);
              }
            });
    Rules additional =
        compile(node.additional(), path.child("additionalProperties"), uncorrelatable);
    FieldPath list = uncorrelatable == null && !node.isListMap() ? path : uncorrelatable;
    Rules items = compile(node.items(), path.child("items"), list);
    return node.rules().isEmpty() && properties.isEmpty() && additional == null && items == null
        ? null
        : new Rules(node, rules(node, path, uncorrelatable), properties, additional, items);
  }

  private List<Rules.Compiled> rules(
      Schema node, FieldPath path, @Nullable FieldPath uncorrelatable) {
    RuleView types = new RuleView();
    CelType self = node.rules().isEmpty() ? null : types.of(node, "object");
    FieldPath place = path.child("x-kubernetes-validations");
    Map<Boolean, CelCompiler> compilers = new HashMap<>();
    List<Rules.Compiled> compiled = new ArrayList<>();
    if (self == null && !node.rules().isEmpty()) {
      errors.add(place.invalid("", "rules need a schema with a type"));
    }
    for (int i = 0; self != null && i < node.rules().size(); i++) {
      Schema.Rule rule = node.rules().get(i);
      CelCompiler compiler =
          compilers.computeIfAbsent(
              rule.optionalOldSelf(),
              optional -> compiler(types, self, optional ? OptionalType.create(self) : self));
      Rules.Compiled result = compile(node, rule, compiler, place.index(i), uncorrelatable);
      if (result != null) {
        compiled.add(result);
      }
    }
    return List.copyOf(compiled);
  }

  private static CelCompiler compiler(RuleView types, CelType self, CelType oldSelf) {
    return KubernetesCel.get()
        .compiler()
        .toCompilerBuilder()
        .setTypeProvider(types.provider())
        .addVar(SELF, self)
        .addVar(OLD_SELF, oldSelf)
        .build();
  }

  private Rules.@Nullable Compiled compile(
      Schema node,
      Schema.Rule rule,
      CelCompiler compiler,
      FieldPath place,
      @Nullable FieldPath uncorrelatable) {
    FieldPath at = place.child("rule");
    if (node.find(rule.fieldPath(), place) == null) {
      errors.add(place.child("fieldPath").invalid(rule.fieldPath(), "must be a valid path"));
    }
    try {
      CelAbstractSyntaxTree tree = tree(compiler, rule.rule(), SimpleType.BOOL, at);
      if (tree == null) {
        return null;
      }
      boolean usesOldSelf =
          tree.getReferenceMap().values().stream().anyMatch(each -> each.name().equals(OLD_SELF));
      if (usesOldSelf && uncorrelatable != null) {
        String text = "oldSelf cannot be used on the uncorrelatable portion of the schema within ";
        errors.add(at.invalid(rule.rule(), text + uncorrelatable.text()));
      }
      if (!usesOldSelf && rule.optionalOldSelf()) {
        String text = "may not be set if oldSelf is not used in rule";
        errors.add(place.child("optionalOldSelf").invalid(true, text));
      }
      CelRuntime runtime = KubernetesCel.get().runtime();
      String expression = rule.messageExpression();
      CelAbstractSyntaxTree message =
          expression.isBlank()
              ? null
              : tree(compiler, expression, SimpleType.STRING, place.child("messageExpression"));
      return new Rules.Compiled(
          rule,
          runtime.createProgram(tree),
          message == null ? null : runtime.createProgram(message),
          usesOldSelf);
    } catch (CelEvaluationException e) {
      errors.add(at.invalid(rule.rule(), "compilation failed: " + e.getMessage()));
      return null;
    }
  }

  /** Null where the expression is wrong, which is noted. */
  private @Nullable CelAbstractSyntaxTree tree(
      CelCompiler compiler, String expression, CelType result, FieldPath place) {
    try {
      CelAbstractSyntaxTree tree = compiler.compile(expression).getAst();
      if (tree.getResultType().equals(result)) {
        return tree;
      }
      errors.add(place.invalid(expression, "expression must evaluate to a " + result.name()));
    } catch (CelValidationException e) {
      errors.add(place.invalid(expression, "compilation failed: " + e.getMessage()));
    }
    return null;
  }
}
