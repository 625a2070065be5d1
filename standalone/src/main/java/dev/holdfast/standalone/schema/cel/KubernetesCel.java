package dev.holdfast.standalone.schema.cel;

import dev.cel.common.CelFunctionDecl;
import dev.cel.common.CelOptions;
import dev.cel.common.CelOverloadDecl;
import dev.cel.common.types.CelType;
import dev.cel.common.types.OpaqueType;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelFunctionOverload;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeBuilder;
import dev.cel.runtime.CelRuntimeFactory;
import java.net.InetAddress;
import java.util.List;

/**
 * The part of the environment that Kubernetes gives its rules (environment/base.go of apiserver)
 * that definitions served here use: the language itself, optional values, strings, and of
 * quantities and networks what {@link #FUNCTIONS} lists. A rule that calls anything else does not
 * compile, so its definition is refused.
 */
public final class KubernetesCel {
  private static final CelOptions OPTIONS =
      CelOptions.current().enableHeterogeneousNumericComparisons(true).build();

  private static final CelType QUANTITY = OpaqueType.create("kubernetes.Quantity");
  private static final CelType IP = OpaqueType.create("net.IP");
  private static final CelType CIDR = OpaqueType.create("net.CIDR");

  /** After library/quantity.go, ip.go and cidr.go of apiserver. */
  private static final List<Function> FUNCTIONS =
      List.of(
          global("quantity", QUANTITY, Quantity::parse),
          new Function(
              "compareTo",
              CelOverloadDecl.newMemberOverload(
                  "quantity_compare_to", SimpleType.INT, QUANTITY, QUANTITY),
              CelFunctionBinding.from(
                  "quantity_compare_to",
                  Quantity.class,
                  Quantity.class,
                  (left, right) -> (long) left.compareTo(right))),
          global("isCIDR", SimpleType.BOOL, text -> Cidr.find(text).isPresent()),
          global("cidr", CIDR, Cidr::parse),
          member("ip", IP, CIDR, Cidr.class, Cidr::address),
          member("masked", CIDR, CIDR, Cidr.class, Cidr::masked),
          member("prefixLength", SimpleType.INT, CIDR, Cidr.class, c -> (long) c.prefixLength()),
          member(
              "family",
              SimpleType.INT,
              IP,
              InetAddress.class,
              ip -> ip.getAddress().length == 4 ? 4L : 6L));

  private final CelCompiler compiler;
  private final CelRuntime runtime;

  private record Function(String name, CelOverloadDecl declaration, CelFunctionBinding body) {
    void addTo(CelRuntimeBuilder builder) {
      builder.addFunctionBindings(CelFunctionBinding.fromOverloads(name, List.of(body)));
    }
  }

  private static Function global(
      String name, CelType result, CelFunctionOverload.Unary<String> body) {
    return new Function(
        name,
        CelOverloadDecl.newGlobalOverload("string_" + name, result, SimpleType.STRING),
        CelFunctionBinding.from("string_" + name, String.class, body));
  }

  private static <T> Function member(
      String name,
      CelType result,
      CelType receiver,
      Class<T> javaClass,
      CelFunctionOverload.Unary<T> body) {
    String id = receiver.name() + "_" + name;
    return new Function(
        name,
        CelOverloadDecl.newMemberOverload(id, result, receiver),
        CelFunctionBinding.from(id, javaClass, body));
  }

  private KubernetesCel() {
    compiler =
        CelCompilerFactory.standardCelCompilerBuilder()
            .setOptions(OPTIONS)
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .addLibraries(CelExtensions.optional(), CelExtensions.strings())
            .addFunctionDeclarations(
                FUNCTIONS.stream()
                    .map(
                        each ->
                            CelFunctionDecl.newFunctionDeclaration(each.name(), each.declaration()))
                    .toList())
            .build();
    CelRuntimeBuilder builder =
        CelRuntimeFactory.plannerRuntimeBuilder()
            .setOptions(OPTIONS)
            .addLibraries(CelExtensions.optional(), CelExtensions.strings());
    FUNCTIONS.forEach(each -> each.addTo(builder));
    runtime = builder.build();
  }

  /** The one instance; building it takes a good part of a second, so only who has rules asks. */
  public static KubernetesCel get() {
    return Holder.INSTANCE;
  }

  private static final class Holder {
    private static final KubernetesCel INSTANCE = new KubernetesCel();
  }

  /** Without variables; extend it with {@code toCompilerBuilder}. */
  public CelCompiler compiler() {
    return compiler;
  }

  public CelRuntime runtime() {
    return runtime;
  }
}
