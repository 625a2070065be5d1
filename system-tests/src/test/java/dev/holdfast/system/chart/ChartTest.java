package dev.holdfast.system.chart;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.cli.host.Access;
import dev.holdfast.crds.Manifests;
import dev.holdfast.operator.OperatorCommand;
import dev.holdfast.standalone.security.Rule;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.Role;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ChartTest {
  private final List<HasMetadata> rendered = HoldfastChart.render();

  @Test
  void passesLint() {
    assertThat(HoldfastChart.lint().isFailed())
        .as(() -> String.join("\n", HoldfastChart.lint().getMessages()))
        .isFalse();
  }

  @Test
  void shipsExactlyTheManifestsOfTheKinds() {
    assertThat(HoldfastChart.crds())
        .extracting(crd -> crd.getMetadata().getName())
        .containsExactlyInAnyOrderElementsOf(
            Manifests.PLURALS.stream().map(plural -> plural + ".holdfast.dev").toList());
    String shown = HoldfastChart.shownCrds();
    assertThat(Manifests.PLURALS)
        .allSatisfy(plural -> assertThat(shown).contains(Manifests.yaml(plural).strip()));
  }

  @Test
  void rendersEverythingIntoItsOwnNamespaceOrNone() {
    assertThat(rendered)
        .hasSizeGreaterThan(8)
        .allSatisfy(
            object ->
                assertThat(object.getMetadata().getNamespace())
                    .isIn(null, HoldfastChart.NAMESPACE));
  }

  @Test
  void refusesAnotherNamespaceAndSaysWhatToDo() {
    assertThatThrownBy(() -> HoldfastChart.render("default", Map.of()))
        .hasMessageContaining("install it with --namespace holdfast-system --create-namespace");
  }

  @Test
  void runsTheOperatorWithoutAnyPrivilege() {
    PodSpec pod = only(Deployment.class).getSpec().getTemplate().getSpec();
    assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
    assertThat(pod.getContainers())
        .singleElement()
        .satisfies(
            container -> {
              assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
              assertThat(container.getSecurityContext().getAllowPrivilegeEscalation()).isFalse();
              assertThat(container.getSecurityContext().getCapabilities().getDrop())
                  .containsExactly("ALL");
            });
  }

  @Test
  void startsTheOperatorWithArgumentsThatItKnows() {
    List<String> arguments =
        only(Deployment.class)
            .getSpec()
            .getTemplate()
            .getSpec()
            .getContainers()
            .getFirst()
            .getArgs();
    assertThat(arguments).startsWith("operator", "--leader-election");
    CommandLine operator = new CommandLine(new OperatorCommand());
    assertThat(operator.getCommandName()).isEqualTo(arguments.getFirst());
    operator.parseArgs(arguments.stream().skip(1).toArray(String[]::new));
  }

  @Test
  void grantsNoWildcardsAndNoSecrets() {
    assertThat(all(ClusterRole.class))
        .hasSize(2)
        .flatExtracting(ClusterRole::getRules)
        .allSatisfy(
            rule -> {
              assertThat(rule.getVerbs()).doesNotContain("*");
              assertThat(rule.getApiGroups()).doesNotContain("*");
              assertThat(rule.getResources()).doesNotContain("*", "secrets", "pods", "nodes");
            });
  }

  /** The control plane of one host lets the agent write objects of its own node only. */
  @Test
  void grantsWhatTheControlPlaneOfOneHostGrants() {
    assertThat(granted("holdfast-operator")).isEqualTo(grants(Access.rights().operator()));
    assertThat(granted("holdfast-node-agent"))
        .isEqualTo(
            grants(
                Access.rights().agent().stream()
                    .map(rule -> rule.names().equals(List.of(Rule.OWN_NODE)) ? rule.named() : rule)
                    .toList()));
  }

  private Set<String> granted(String role) {
    Stream<Rule> everywhere =
        all(ClusterRole.class).stream()
            .filter(each -> each.getMetadata().getName().equals(role))
            .flatMap(each -> each.getRules().stream())
            .map(rule -> rule(rule, ""));
    Stream<Rule> ownNamespace =
        all(Role.class).stream()
            .filter(each -> each.getMetadata().getName().equals(role))
            .flatMap(each -> each.getRules().stream())
            .map(rule -> rule(rule, HoldfastChart.NAMESPACE));
    return grants(Stream.concat(everywhere, ownNamespace).toList());
  }

  private static Rule rule(PolicyRule rule, String namespace) {
    return new Rule(
        namespace,
        rule.getApiGroups(),
        rule.getResources(),
        rule.getResourceNames(),
        rule.getVerbs());
  }

  /** One line for each thing that may be done, however the rules put them together. */
  private static Set<String> grants(List<Rule> rules) {
    return rules.stream()
        .flatMap(
            rule ->
                rule.resources().stream()
                    .flatMap(
                        resource ->
                            rule.verbs().stream()
                                .map(
                                    verb ->
                                        "%s %s of %s named %s in '%s'"
                                            .formatted(
                                                verb,
                                                resource,
                                                rule.groups(),
                                                rule.names(),
                                                rule.namespace()))))
        .collect(Collectors.toSet());
  }

  @Test
  void givesEveryPodAnAccountOfItsOwn() {
    assertThat(all(ServiceAccount.class))
        .extracting(account -> account.getMetadata().getName())
        .containsExactlyInAnyOrder(
            only(Deployment.class).getSpec().getTemplate().getSpec().getServiceAccountName(),
            agentPod(rendered).getServiceAccountName());
  }

  @Test
  void startsKeeperAndAgentFromTheHostsFileSystem() {
    PodSpec pod = agentPod(HoldfastChart.render("holdfast-system", tag("1.2.3")));
    assertThat(pod.getHostPID()).isTrue();
    assertThat(pod.getHostNetwork()).isTrue();
    assertThat(container(pod.getInitContainers(), "keeper").getCommand())
        .startsWith("nsenter", "--target", "1");
    Container agent = container(pod.getContainers(), "agent");
    assertThat(agent.getCommand()).containsExactly("nsenter", "--target", "1", "--mount", "--");
    assertThat(agent.getArgs())
        .startsWith("/opt/holdfast/1.2.3/runtime/bin/java")
        .contains("/opt/holdfast/1.2.3/lib/*", "agent");
  }

  @Test
  void installsTheProgramsOncePerVersion(@TempDir Path folder) throws Exception {
    Path image = Files.createDirectories(folder.resolve("image/lib"));
    Path target = folder.resolve("host/opt/holdfast/1.2.3");
    Files.createDirectories(target.resolveSibling("1.2.3.incomplete/left-over"));
    Files.writeString(image.resolve("holdfast.jar"), "first");
    runInstall(folder);
    Files.writeString(image.resolve("holdfast.jar"), "second");
    runInstall(folder);
    assertThat(target.resolve("lib/holdfast.jar")).hasContent("first");
    assertThat(target.resolve("left-over")).doesNotExist();
    assertThat(target.resolveSibling("1.2.3.incomplete")).doesNotExist();
  }

  private static void runInstall(Path folder) throws Exception {
    Container install =
        container(
            agentPod(HoldfastChart.render("holdfast-system", tag("1.2.3"))).getInitContainers(),
            "install");
    ProcessBuilder program =
        new ProcessBuilder(
            Stream.concat(install.getCommand().stream(), install.getArgs().stream()).toList());
    program.redirectErrorStream(true);
    program.environment().put("TARGET", install.getEnv().getFirst().getValue());
    program.environment().put("SOURCE", folder.resolve("image").toString());
    program.environment().put("HOST", folder.resolve("host").toString());
    Process process = program.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  private static Map<String, String> tag(String tag) {
    return Map.of("agent.image.tag", tag);
  }

  private static PodSpec agentPod(List<HasMetadata> objects) {
    return objects.stream()
        .filter(DaemonSet.class::isInstance)
        .map(DaemonSet.class::cast)
        .map(agent -> agent.getSpec().getTemplate().getSpec())
        .findFirst()
        .orElseThrow();
  }

  private static Container container(List<Container> containers, String name) {
    return containers.stream()
        .filter(container -> container.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private <T> T only(Class<T> type) {
    List<T> found = all(type);
    assertThat(found).hasSize(1);
    return found.getFirst();
  }

  private <T> List<T> all(Class<T> type) {
    return rendered.stream().filter(type::isInstance).map(type::cast).toList();
  }
}
