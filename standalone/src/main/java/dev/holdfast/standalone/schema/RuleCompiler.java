package dev.holdfast.standalone.schema;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.CelType;
import dev.cel.common.types.OptionalType;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.holdfast.standalone.schema.RuleSet.CompiledRule;
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

  private final List<FieldError> errors = new ArrayList<>();

  List<FieldError> errors() {
    return errors;
  }

  RuleSet compile(SchemaNode root, FieldPath path) {
    return compile(withTypeAndName(root), path, null);
  }

  /** Rules of a resource know its kind and name, whatever its schema says. */
  static SchemaNode withTypeAndName(SchemaNode root) {
    SchemaNode string = SchemaNode.ofType("string", Map.of());
    Map<String, SchemaNode> properties = new HashMap<>(root.properties());
    properties.put("apiVersion", string);
    properties.put("kind", string);
    properties.put(
        "metadata", SchemaNode.ofType("object", Map.of("name", string, "generateName", string)));
    return root.withProperties(properties);
  }

  /**
   * @param uncorrelatable the list under which old and new items can't be told to be the same
   */
  private RuleSet compile(SchemaNode node, FieldPath path, @Nullable FieldPath uncorrelatable) {
    List<CompiledRule> rules =
        node.rules().isEmpty() ? List.of() : rules(node, path, uncorrelatable);
    Map<String, RuleSet> properties = new HashMap<>();
    node.properties()
        .forEach(
            (name, child) -> {
              if (child.hasRules()) {
                FieldPath place = path.child("properties").key(name);
                properties.put(name, compile(child, place, uncorrelatable));
              }
            });
    RuleSet additional = null;
    if (node.additional() != null && node.additional().hasRules()) {
      FieldPath place = path.child("additionalProperties");
      additional = compile(node.additional(), place, uncorrelatable);
    }
    RuleSet items = null;
    if (node.items() != null && node.items().hasRules()) {
      FieldPath list =
          uncorrelatable == null && node.listType() != SchemaNode.ListType.MAP
              ? path
              : uncorrelatable;
      items = compile(node.items(), path.child("items"), list);
    }
    return new RuleSet(node, rules, Map.copyOf(properties), additional, items);
  }

  private List<CompiledRule> rules(
      SchemaNode node, FieldPath path, @Nullable FieldPath uncorrelatable) {
    RuleTypes types = new RuleTypes();
    CelType self = types.of(node, "object");
    FieldPath place = path.child("x-kubernetes-validations");
    if (self == null) {
      errors.add(place.invalid("", "rules need a schema with a type"));
      return List.of();
    }
    CelCompiler plain = compiler(types, self, self);
    CelCompiler optional = null;
    List<CompiledRule> compiled = new ArrayList<>();
    for (int i = 0; i < node.rules().size(); i++) {
      ValidationRule rule = node.rules().get(i);
      if (rule.optionalOldSelf() && optional == null) {
        optional = compiler(types, self, OptionalType.create(self));
      }
      CelCompiler compiler = rule.optionalOldSelf() && optional != null ? optional : plain;
      CompiledRule result = compile(node, rule, compiler, place.index(i), uncorrelatable);
      if (result != null) {
        compiled.add(result);
      }
    }
    return List.copyOf(compiled);
  }

  private static CelCompiler compiler(RuleTypes types, CelType self, CelType oldSelf) {
    return KubernetesCel.get()
        .compiler()
        .toCompilerBuilder()
        .setTypeProvider(types.provider())
        .addVar(SELF, self)
        .addVar(OLD_SELF, oldSelf)
        .build();
  }

  private @Nullable CompiledRule compile(
      SchemaNode node,
      ValidationRule rule,
      CelCompiler compiler,
      FieldPath place,
      @Nullable FieldPath uncorrelatable) {
    CelRuntime runtime = KubernetesCel.get().runtime();
    try {
      CelAbstractSyntaxTree tree = compiler.compile(rule.rule()).getAst();
      if (!tree.getResultType().equals(SimpleType.BOOL)) {
        errors.add(
            place.child("rule").invalid(rule.rule(), "cel expression must evaluate to a bool"));
        return null;
      }
      boolean usesOldSelf =
          tree.getReferenceMap().values().stream()
              .anyMatch(reference -> reference.name().equals(OLD_SELF));
      if (usesOldSelf && uncorrelatable != null) {
        errors.add(
            place
                .child("rule")
                .invalid(
                    rule.rule(),
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within "
                        + uncorrelatable.text()));
      }
      if (!usesOldSelf && rule.optionalOldSelf()) {
        errors.add(
            place
                .child("optionalOldSelf")
                .invalid(true, "may not be set if oldSelf is not used in rule"));
      }
      CelRuntime.Program program = runtime.createProgram(tree);
      CelRuntime.Program message = message(rule, compiler, place);
      FieldPath below = RuleFieldPath.resolve(node, rule.fieldPath());
      return new CompiledRule(
          rule, program, message, usesOldSelf, below == null ? FieldPath.ROOT : below);
    } catch (CelValidationException | CelEvaluationException e) {
      errors.add(place.child("rule").invalid(rule.rule(), "compilation failed: " + e.getMessage()));
      return null;
    }
  }

  private CelRuntime.@Nullable Program message(
      ValidationRule rule, CelCompiler compiler, FieldPath place) throws CelEvaluationException {
    String expression = rule.messageExpression();
    if (expression.isBlank()) {
      return null;
    }
    FieldPath field = place.child("messageExpression");
    try {
      CelAbstractSyntaxTree tree = compiler.compile(expression).getAst();
      if (!tree.getResultType().equals(SimpleType.STRING)) {
        errors.add(field.invalid(expression, "messageExpression must evaluate to a string"));
        return null;
      }
      return KubernetesCel.get().runtime().createProgram(tree);
    } catch (CelValidationException e) {
      errors.add(
          field.invalid(expression, "messageExpression compilation failed: " + e.getMessage()));
      return null;
    }
  }
}
