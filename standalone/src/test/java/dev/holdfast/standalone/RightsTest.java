package dev.holdfast.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.standalone.security.Identity;
import dev.holdfast.standalone.security.Rights;
import dev.holdfast.standalone.security.Rule;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.ResourceRule;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectRulesReviewBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RightsTest {
  private static final PatchContext APPLY =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager("agent")
          .build();
  private static final PatchContext MERGE = PatchContext.of(PatchType.JSON_MERGE);

  /** An agent that reports on machines which others define, as node agents do. */
  private static final Rights RIGHTS =
      new Rights(
          List.of(Rule.of("*", List.of("*"), "get", "list", "watch")),
          List.of(
              Rule.of(TestPlane.GROUP, List.of("machines"), "get", "list", "watch"),
              Rule.of(TestPlane.GROUP, List.of("machines/status"), "patch"),
              Rule.of("coordination.k8s.io", List.of("leases"), "create", "patch")
                  .inNamespace("kube-system")
                  .named(Rule.OWN_NODE)));

  @TempDir private Path directory;
  private TestPlane plane;
  private KubernetesClient agent;

  @BeforeEach
  void start() throws IOException {
    plane =
        new TestPlane(StandaloneOptions.in(directory).withRights(RIGHTS).withSync(false))
            .withMachines();
    agent = plane.client(new Identity.Agent("n1"));
  }

  @AfterEach
  void stop() throws IOException {
    agent.close();
    plane.close();
  }

  @Test
  void anAgentReportsStatusButWritesNoSpec() {
    GenericKubernetesResource machine = plane.create(TestPlane.machine("m", 1));

    agent
        .resource(machine)
        .subresource("status")
        .patch(MERGE, "{\"status\":{\"phase\":\"Running\"}}");
    forbidden(
        () -> agent.resource(machine).patch(MERGE, "{\"spec\":{\"cpu\":64}}"),
        "cannot patch resource \"machines\" in API group \"example.dev\" in the namespace"
            + " \"default\"");
    forbidden(() -> agent.resource(machine).delete(), "cannot delete resource \"machines\"");
    assertThat(plane.machines().inNamespace("default").withName("m").get().<Object>get("status"))
        .isEqualTo(Map.of("phase", "Running"));
  }

  @Test
  void whoMayPatchButNotCreateCreatesNothingByServerSideApply() {
    forbidden(
        () -> agent.resource(TestPlane.machine("new", 1)).patch(APPLY),
        "cannot patch resource \"machines\"");
    forbidden(() -> agent.resource(lease("n2", "kube-system")).patch(APPLY), "cannot patch");
    try (KubernetesClient operator = plane.client(new Identity.Operator())) {
      forbidden(() -> operator.resource(lease("n2", "kube-system")).create(), "cannot create");
    }
  }

  @Test
  void anAgentRenewsTheLeaseOfItsOwnNodeOnly() {
    assertThatCode(() -> agent.resource(lease("n1", "kube-system")).patch(APPLY))
        .doesNotThrowAnyException();
    forbidden(
        () -> agent.resource(lease("n2", "kube-system")).patch(APPLY),
        "cannot patch resource \"leases\"");
    forbidden(
        () -> agent.resource(lease("n1", "default")).patch(APPLY), "in the namespace \"default\"");
  }

  @Test
  void anAgentReadsAndWritesNoSecretsConfigurationNamespacesAndDefinitions() {
    var secret =
        new SecretBuilder()
            .withNewMetadata()
            .withName("s")
            .withNamespace("default")
            .endMetadata()
            .build();
    plane.client.resource(secret).create();

    forbidden(() -> agent.resource(secret).get(), "cannot get resource \"secrets\"");
    forbidden(
        () -> agent.secrets().inAnyNamespace().list(),
        "cannot list resource \"secrets\" in API group \"\" at the cluster scope");
    forbidden(
        () -> agent.resource(secret).patch(MERGE, "{\"data\":null}"),
        "cannot patch resource \"secrets\"");
    forbidden(() -> agent.resource(secret).delete(), "cannot delete resource \"secrets\"");
    forbidden(
        () -> agent.secrets().inNamespace("default").delete(),
        "cannot deletecollection resource \"secrets\"");
    forbidden(
        () ->
            agent
                .resource(
                    new ConfigMapBuilder()
                        .withNewMetadata()
                        .withName("c")
                        .withNamespace("default")
                        .endMetadata()
                        .build())
                .create(),
        "cannot create resource \"configmaps\"");
    forbidden(
        () ->
            agent
                .resource(
                    new NamespaceBuilder().withNewMetadata().withName("x").endMetadata().build())
                .create(),
        "cannot create resource \"namespaces\"");
    forbidden(
        () ->
            agent
                .apiextensions()
                .v1()
                .customResourceDefinitions()
                .withName("machines.example.dev")
                .delete(),
        "User \"holdfast:node:n1\" cannot delete resource \"customresourcedefinitions\"");
  }

  @Test
  void reviewsTellWhatIsAllowed() {
    assertThat(may(agent, "patch", "machines", "status", "any")).isTrue();
    assertThat(may(agent, "patch", "machines", "", "any")).isFalse();
    assertThat(may(plane.client, "delete", "machines", "", "any")).isTrue();

    List<ResourceRule> rules =
        agent
            .resource(
                new SelfSubjectRulesReviewBuilder()
                    .withNewSpec()
                    .withNamespace("kube-system")
                    .endSpec()
                    .build())
            .create()
            .getStatus()
            .getResourceRules();
    assertThat(rules)
        .anySatisfy(
            rule -> {
              assertThat(rule.getResources()).containsExactly("leases");
              assertThat(rule.getResourceNames()).containsExactly("n1");
              assertThat(rule.getVerbs()).containsExactly("create", "patch");
            })
        .noneMatch(rule -> rule.getResources().contains("secrets"))
        .noneMatch(rule -> rule.getResources().contains("*"));
  }

  @Test
  void withoutRulesOnlyTheAdministratorHasRights() throws IOException {
    try (TestPlane strict = new TestPlane(directory.resolve("strict"));
        KubernetesClient operator = strict.client(new Identity.Operator())) {
      forbidden(
          () -> operator.namespaces().list(),
          "User \"holdfast:operator\" cannot list resource \"namespaces\"");
      assertThat(strict.client.namespaces().list().getItems()).isNotEmpty();
    }
  }

  private static boolean may(
      KubernetesClient client, String verb, String resource, String subresource, String name) {
    return client
        .resource(
            new SelfSubjectAccessReviewBuilder()
                .withNewSpec()
                .withNewResourceAttributes()
                .withGroup(TestPlane.GROUP)
                .withResource(resource)
                .withSubresource(subresource)
                .withVerb(verb)
                .withName(name)
                .withNamespace("default")
                .endResourceAttributes()
                .endSpec()
                .build())
        .create()
        .getStatus()
        .getAllowed();
  }

  private static void forbidden(ThrowingCallable call, String message) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(403))
        .hasMessageContaining(message);
  }

  private static Lease lease(String name, String namespace) {
    return new LeaseBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(namespace)
        .endMetadata()
        .build();
  }
}
