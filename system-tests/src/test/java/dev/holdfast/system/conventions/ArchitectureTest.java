package dev.holdfast.system.conventions;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleNameEndingWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import dev.holdfast.system.Checkout;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The arrows between the modules, and the layers inside them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ArchitectureTest {
  private static final String FABRIC8 = "io.fabric8.kubernetes..";

  /** Packages that a rule below constrains or forbids, so that a rename cannot switch it off. */
  private static final List<String> NAMED_PACKAGES =
      List.of(
          "dev.holdfast.node.agent",
          "dev.holdfast.node.execute",
          "dev.holdfast.node.host",
          "dev.holdfast.node.plan",
          "dev.holdfast.standalone.apply",
          "dev.holdfast.standalone.http",
          "dev.holdfast.standalone.patch",
          "dev.holdfast.standalone.read",
          "dev.holdfast.standalone.resource",
          "dev.holdfast.standalone.schema",
          "dev.holdfast.standalone.store");

  private static final DescribedPredicate<JavaClass> IS_COMMAND =
      resideInAPackage("dev.holdfast.cli..")
          .or(simpleNameEndingWith("Command"))
          .or(simpleNameEndingWith("Main"));

  private final JavaClasses holdfast = HoldfastClasses.all();

  private enum Module {
    CRDS("crds"),
    KEEPER("keeper"),
    NODE_AGENT("node"),
    OPERATOR("operator"),
    STANDALONE("standalone"),
    CLI("cli");

    private final String root;

    Module(String name) {
      root = HoldfastClasses.ROOT + "." + name;
    }

    String packages() {
      return root + "..";
    }

    /** What of ours it may use. */
    List<String> allowed() {
      return switch (this) {
        case CRDS, KEEPER, STANDALONE -> List.of(packages());
        case OPERATOR -> List.of(packages(), CRDS.packages());
        case NODE_AGENT ->
            List.of(
                packages(),
                CRDS.packages(),
                "dev.holdfast.keeper.client..",
                "dev.holdfast.keeper.protocol..");
        case CLI -> List.of("dev.holdfast..");
      };
    }
  }

  @Test
  void seesEveryClassOfEveryModule() {
    Set<String> missing =
        Checkout.modules().stream()
            .flatMap(ArchitectureTest::classNames)
            .filter(name -> !holdfast.contain(name))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(missing)
        .as("classes with a source file that the rules of this test do not see")
        .isEmpty();
  }

  @Test
  void namesOnlyPackagesThatExist() {
    assertThat(NAMED_PACKAGES.stream().filter(name -> !isModuleStillEmpty(name)))
        .as("packages that rules name; where one was renamed, rename it in the rules too")
        .allMatch(holdfast::containPackage);
  }

  @ParameterizedTest
  @EnumSource
  void everyModuleUsesOnlyTheModulesBelowIt(Module module) {
    check(
        noClasses()
            .that()
            .resideInAPackage(module.packages())
            .should()
            .dependOnClassesThat(
                resideInAPackage(HoldfastClasses.ROOT + "..")
                    .and(not(resideInAnyPackage(module.allowed().toArray(String[]::new)))))
            .as("%s uses of ours only %s".formatted(module.root, module.allowed()))
            .because("dependencies point one way, so that each module can be understood alone"));
  }

  @Test
  void theKeeperNeedsNothingThatCouldPullItDown() {
    check(
        classes()
            .that()
            .resideInAPackage(Module.KEEPER.packages())
            .should()
            .onlyDependOnClassesThat(
                resideInAnyPackage(
                    Module.KEEPER.packages(),
                    "",
                    "java..",
                    "jdk.net..",
                    "com.sun.jna..",
                    "com.fasterxml.jackson..",
                    "picocli..",
                    "org.jspecify.."))
            .because(
                "it is the parent of every QEMU: small, without Kubernetes and without a logging"
                    + " framework"));
  }

  @Test
  void theStandaloneControlPlaneIsServerAndNeverClient() {
    check(
        noClasses()
            .that()
            .resideInAPackage(Module.STANDALONE.packages())
            .should()
            .dependOnClassesThat()
            .resideInAPackage(FABRIC8)
            .because("it is generic over kinds and works on JSON trees"));
  }

  @Test
  void planningIsPure() {
    check(
        classes()
            .that()
            .resideInAPackage("dev.holdfast.node.plan..")
            .should()
            .onlyDependOnClassesThat(
                resideInAnyPackage(
                        "dev.holdfast.node.plan..",
                        "dev.holdfast.crds..",
                        "",
                        "java.lang..",
                        "java.math..",
                        "java.time..",
                        "java.util..",
                        "org.jspecify..")
                    .and(not(resideInAnyPackage("java.util.concurrent.."))))
            .because(
                "a plan is a function of what is wanted and what is there: no I/O, no threads, no"
                    + " host, no Kubernetes client"));
  }

  @Test
  void planningIsGivenTheTime() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.holdfast.node.plan..")
            .should()
            .callMethodWhere(ReadsTheClock.INSTANCE)
            .because("the same arguments must always give the same plan; pass an Instant"));
  }

  @Test
  void hostAdaptersDoNotKnowEachOther() {
    check(
        slices()
            .matching("dev.holdfast.node.host.(*)..")
            .should()
            .notDependOnEachOther()
            .ignoreDependency(
                alwaysTrue(),
                resideInAnyPackage(
                    "dev.holdfast.node.host.command..", "dev.holdfast.node.host.keeper.."))
            .because(
                "each adapter is tested and replaced alone; what they share is in node.host,"
                    + " node.host.command and node.host.keeper"));
  }

  @Test
  void hostAdaptersKnowNeitherKubernetesNorWhoCallsThem() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.holdfast.node.host..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(FABRIC8, "dev.holdfast.node.agent..", "dev.holdfast.node.execute..")
            .because("node.agent wires them, and only node.agent speaks to the API server"));
  }

  @Test
  void executionKnowsNeitherKubernetesNorTheAgent() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.holdfast.node.execute..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(FABRIC8, "dev.holdfast.node.agent..")
            .because("actions are executed for whoever planned them"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"schema", "apply", "patch"})
  void schemaApplyAndPatchArePureFunctionsOfDocuments(String part) {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.holdfast.standalone." + part + "..")
            .should()
            .dependOnClassesThat(
                resideInAPackage("dev.holdfast.standalone..")
                    .and(
                        not(
                            resideInAnyPackage(
                                "dev.holdfast.standalone.schema..",
                                "dev.holdfast.standalone.apply..",
                                "dev.holdfast.standalone.patch..",
                                "dev.holdfast.standalone.json.."))))
            .orShould()
            .dependOnClassesThat()
            .resideInAnyPackage("java.nio.file..", "java.net.http..", "org.eclipse.jetty..")
            .because("they are compared with a real API server document by document"));
  }

  @Test
  void theStoreKnowsNothingOfTheApi() {
    check(
        noClasses()
            .that()
            .resideInAPackage("dev.holdfast.standalone.store..")
            .should()
            .dependOnClassesThat(
                resideInAPackage("dev.holdfast.standalone..")
                    .and(
                        not(
                            resideInAnyPackage(
                                "dev.holdfast.standalone.store..",
                                "dev.holdfast.standalone.json.."))))
            .because("it keeps documents under keys, in one order of revisions"));
  }

  @Test
  void theApiLogicKnowsNothingOfHttp() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(
                "dev.holdfast.standalone.resource..", "dev.holdfast.standalone.read..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("dev.holdfast.standalone.http..", "org.eclipse.jetty..")
            .because("requests are answered the same way however they arrive"));
  }

  @ParameterizedTest
  @EnumSource
  void packagesOfAModuleHaveNoCycles(Module module) {
    check(
        slices()
            .assignedFrom(new Packages(module.root))
            .should()
            .beFreeOfCycles()
            .because("a cycle of packages is one package in disguise"));
  }

  @Test
  void everyPackageIsNullMarked() {
    Set<String> unmarked =
        holdfast.stream()
            .map(JavaClass::getPackage)
            .filter(each -> !each.isAnnotatedWith(NullMarked.class))
            .map(JavaPackage::getName)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(unmarked)
        .as("packages without a package-info.java that has @NullMarked; NullAway skips them")
        .isEmpty();
  }

  @Test
  void nobodyUsesTheLoggingOfTheJdk() {
    check(
        noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.util.logging..")
            .because("programs log through SLF4J, the keeper to its standard error"));
  }

  @Test
  void onlyCommandsEndTheProcess() {
    check(
        noClasses()
            .that(not(IS_COMMAND))
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(Runtime.class, "exit", int.class)
            .because("every component can be embedded; report to the caller, who decides"));
  }

  @Test
  void onlyTheKeeperDiesOnTheSpot() {
    check(
        noClasses()
            .that(not(IS_COMMAND))
            .and()
            .resideOutsideOfPackage(Module.KEEPER.packages())
            .should()
            .callMethod(Runtime.class, "halt", int.class)
            .because(
                "only for the keeper is dying safer than going on: one that cannot see its"
                    + " processes must not hold their leases"));
  }

  @Test
  void nothingMutableIsStatic() {
    check(
        StaticFields.areConstants()
            .because("several operators, agents and control planes run in one process"));
  }

  /** Rules about packages that are not there hold; {@link #namesOnlyPackagesThatExist} looks. */
  private void check(ArchRule rule) {
    rule.allowEmptyShould(true).check(holdfast);
  }

  private boolean isModuleStillEmpty(String packageName) {
    String module = packageName.split("\\.", 4)[2];
    return holdfast.stream()
        .filter(type -> type.getPackageName().startsWith(HoldfastClasses.ROOT + "." + module))
        .allMatch(type -> type.getSimpleName().equals("package-info"));
  }

  private static Stream<String> classNames(String module) {
    Path folder = Checkout.ROOT.resolve(module).resolve("src/main/java");
    return Checkout.mainSources(module).stream()
        .map(file -> folder.relativize(file).toString())
        .map(file -> file.substring(0, file.length() - ".java".length()).replace('/', '.'));
  }

  /** Every package below a root, and the root, is a slice. */
  private record Packages(String root) implements SliceAssignment {
    @Override
    public SliceIdentifier getIdentifierOf(JavaClass type) {
      String name = type.getPackageName();
      return name.equals(root) || name.startsWith(root + ".")
          ? SliceIdentifier.of(name)
          : SliceIdentifier.ignore();
    }

    @Override
    public String getDescription() {
      return "packages of " + root;
    }
  }
}
