package dev.holdfast.standalone.schema.cel;

import com.google.common.collect.ImmutableList;
import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.types.CelType;
import dev.cel.compiler.CelCompilerLibrary;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelFunctionOverload;
import dev.cel.runtime.CelRuntimeBuilder;
import dev.cel.runtime.CelRuntimeLibrary;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects functions, each with its declaration for the checker and its binding for the runtime.
 */
final class Functions implements CelCompilerLibrary, CelRuntimeLibrary {
  private final Map<String, List<CelOverloadDecl>> declarations = new LinkedHashMap<>();
  private final Map<String, List<CelFunctionBinding>> bindings = new LinkedHashMap<>();

  /** An argument or receiver: its type to the checker, its class at run time. */
  record Type<T>(CelType type, Class<T> javaClass) {}

  <A> void global(
      String name, String id, CelType result, Type<A> argument, CelFunctionOverload.Unary<A> body) {
    declare(name, CelOverloadDecl.newGlobalOverload(id, result, argument.type()));
    bind(name, CelFunctionBinding.from(id, argument.javaClass(), body));
  }

  <A> void member(
      String name, String id, CelType result, Type<A> receiver, CelFunctionOverload.Unary<A> body) {
    declare(name, CelOverloadDecl.newMemberOverload(id, result, receiver.type()));
    bind(name, CelFunctionBinding.from(id, receiver.javaClass(), body));
  }

  <A, B> void member(
      String name,
      String id,
      CelType result,
      Type<A> receiver,
      Type<B> argument,
      CelFunctionOverload.Binary<A, B> body) {
    declare(name, CelOverloadDecl.newMemberOverload(id, result, receiver.type(), argument.type()));
    bind(name, CelFunctionBinding.from(id, receiver.javaClass(), argument.javaClass(), body));
  }

  void member(
      String name, String id, CelType result, List<Type<?>> arguments, CelFunctionOverload body) {
    List<CelType> types = new ArrayList<>();
    List<Class<?>> classes = new ArrayList<>();
    for (Type<?> argument : arguments) {
      types.add(argument.type());
      classes.add(argument.javaClass());
    }
    declare(name, CelOverloadDecl.newMemberOverload(id, result, types));
    bind(name, CelFunctionBinding.from(id, classes, body));
  }

  private void declare(String name, CelOverloadDecl overload) {
    declarations.computeIfAbsent(name, _ -> new ArrayList<>()).add(overload);
  }

  private void bind(String name, CelFunctionBinding binding) {
    bindings.computeIfAbsent(name, _ -> new ArrayList<>()).add(binding);
  }

  @Override
  public void setCheckerOptions(dev.cel.checker.CelCheckerBuilder checkerBuilder) {
    declarations.forEach(
        (name, overloads) ->
            checkerBuilder.addFunctionDeclarations(
                CelFunctionDecl.newFunctionDeclaration(name, ImmutableList.copyOf(overloads))));
  }

  @Override
  public void setParserOptions(dev.cel.parser.CelParserBuilder parserBuilder) {}

  @Override
  public void setRuntimeOptions(CelRuntimeBuilder runtimeBuilder) {
    bindings.forEach(
        (name, overloads) ->
            runtimeBuilder.addFunctionBindings(CelFunctionBinding.fromOverloads(name, overloads)));
  }
}
