package dev.holdfast.standalone.security;

import java.util.List;
import java.util.stream.Stream;

/**
 * What each identity may do. The administrator may do everything. What operator and agent may do is
 * said once, by whoever starts the control plane, and no request can change it.
 *
 * @param operator rules of the operator; what none of them covers is forbidden
 * @param agent the same for the agent of a node
 */
public record Rights(List<Rule> operator, List<Rule> agent) {
  /** Operator and agent may ask what there is and who they are, and nothing else. */
  public static final Rights NONE = new Rights(List.of(), List.of());

  private static final Rule EVERYTHING = Rule.of("*", List.of("*"), "*");

  /** What everybody may ask about himself, as Kubernetes' system:basic-user. */
  private static final List<Rule> ABOUT_ONESELF =
      List.of(
          Rule.of("authentication.k8s.io", List.of("selfsubjectreviews"), "create"),
          Rule.of(
              "authorization.k8s.io",
              List.of("selfsubjectaccessreviews", "selfsubjectrulesreviews"),
              "create"));

  private static final List<String> DISCOVERY =
      List.of(
          "/",
          "/api",
          "/api/*",
          "/apis",
          "/apis/*",
          "/healthz",
          "/healthz/*",
          "/livez",
          "/livez/*",
          "/openapi/*",
          "/readyz",
          "/readyz/*",
          "/version");

  public Rights {
    operator = List.copyOf(operator);
    agent = List.copyOf(agent);
  }

  public boolean allow(Identity identity, Rule.Action action) {
    return rules(identity).anyMatch(rule -> rule.covers(action));
  }

  /** Whether a path may be read that names no resource. */
  public static boolean allowPath(Identity identity, String path) {
    return paths(identity).stream()
        .anyMatch(
            allowed ->
                allowed.endsWith("*")
                    ? path.startsWith(allowed.substring(0, allowed.length() - 1))
                    : path.equals(allowed));
  }

  /** All rules of an identity that hold in a namespace. */
  public List<Rule> rules(Identity identity, String namespace) {
    return rules(identity)
        .filter(rule -> rule.namespace().isEmpty() || rule.namespace().equals(namespace))
        .toList();
  }

  /** The paths without a resource that an identity may read; {@code *} ends a prefix. */
  public static List<String> paths(Identity identity) {
    return identity instanceof Identity.Admin ? List.of("*") : DISCOVERY;
  }

  private Stream<Rule> rules(Identity identity) {
    Stream<Rule> own =
        switch (identity) {
          case Identity.Admin() -> Stream.of(EVERYTHING);
          case Identity.Operator() -> operator.stream();
          case Identity.Impersonated(String ignored, List<String> groups) ->
              groups.contains(new Identity.Admin().group()) ? Stream.of(EVERYTHING) : Stream.of();
          case Identity.Agent(String node) -> agent.stream().map(rule -> rule.ofNode(node));
        };
    return identity instanceof Identity.Admin ? own : Stream.concat(ABOUT_ONESELF.stream(), own);
  }
}
