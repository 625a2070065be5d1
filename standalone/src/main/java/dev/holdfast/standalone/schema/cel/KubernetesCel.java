package dev.holdfast.standalone.schema.cel;

import dev.cel.common.CelOptions;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.extensions.CelExtensions;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;

/**
 * The environment that Kubernetes gives its rules, environment/base.go of apiserver, as far as
 * rules of custom resources use it: no authorizer, no semver, no format(), no cost model.
 */
public final class KubernetesCel {
  /**
   * A bound on the work of one comprehension, in place of Kubernetes' cost budget: rules that come
   * near it are refused there.
   */
  private static final int MAXIMUM_ITERATIONS = 1_000_000;

  private static final CelOptions OPTIONS =
      CelOptions.current()
          .enableHeterogeneousNumericComparisons(true)
          .comprehensionMaxIterations(MAXIMUM_ITERATIONS)
          .build();

  private final CelCompiler compiler;
  private final CelRuntime runtime;

  private KubernetesCel() {
    Functions functions = new Functions();
    QuantityFunctions.addTo(functions);
    AddressFunctions.addTo(functions);
    UrlFunctions.addTo(functions);
    ListFunctions.addTo(functions);
    TextFunctions.addTo(functions);
    compiler =
        CelCompilerFactory.standardCelCompilerBuilder()
            .setOptions(OPTIONS)
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .addLibraries(
                CelExtensions.optional(),
                CelExtensions.strings(),
                CelExtensions.sets(OPTIONS),
                CelExtensions.lists(),
                CelExtensions.comprehensions(),
                functions)
            .build();
    runtime =
        CelRuntimeFactory.plannerRuntimeBuilder()
            .setOptions(OPTIONS)
            .addLibraries(
                CelExtensions.optional(),
                CelExtensions.strings(),
                CelExtensions.sets(OPTIONS),
                CelExtensions.lists(),
                CelExtensions.comprehensions(),
                functions)
            .build();
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

  static Functions.Type<String> string() {
    return new Functions.Type<>(SimpleType.STRING, String.class);
  }

  static Functions.Type<Long> integer() {
    return new Functions.Type<>(SimpleType.INT, Long.class);
  }
}
