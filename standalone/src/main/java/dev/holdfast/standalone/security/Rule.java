package dev.holdfast.standalone.security;

import java.util.List;

/**
 * Something that is allowed, as a PolicyRule of Kubernetes' RBAC says it.
 *
 * @param namespace where; empty for everywhere, cluster-scoped resources included
 * @param groups API groups; {@code *} for all
 * @param resources plural names, with {@code /status} for a subresource; {@code *} for all
 * @param names of objects; empty for all. {@link #OWN_NODE} stands for the agent's node
 * @param verbs get, list, watch, create, update, patch, delete, deletecollection; {@code *} for all
 */
public record Rule(
    String namespace,
    List<String> groups,
    List<String> resources,
    List<String> names,
    List<String> verbs) {
  public static final String OWN_NODE = "{node}";
  private static final String ALL = "*";

  public Rule {
    groups = List.copyOf(groups);
    resources = List.copyOf(resources);
    names = List.copyOf(names);
    verbs = List.copyOf(verbs);
  }

  /** A rule for all objects of some resources of a group, everywhere. */
  public static Rule of(String group, List<String> resources, String... verbs) {
    return new Rule("", List.of(group), resources, List.of(), List.of(verbs));
  }

  public Rule inNamespace(String only) {
    return new Rule(only, groups, resources, names, verbs);
  }

  public Rule named(String... only) {
    return new Rule(namespace, groups, resources, List.of(only), verbs);
  }

  /** The same rule for the agent of a node. */
  Rule ofNode(String node) {
    return new Rule(
        namespace,
        groups,
        resources,
        names.stream().map(name -> name.equals(OWN_NODE) ? node : name).toList(),
        verbs);
  }

  boolean covers(Action action) {
    return (namespace.isEmpty() || namespace.equals(action.namespace()))
        && has(groups, action.group())
        && has(resources, action.resource())
        && (names.isEmpty() || names.contains(action.name()))
        && has(verbs, action.verb());
  }

  private static boolean has(List<String> allowed, String asked) {
    return allowed.contains(asked) || allowed.contains(ALL);
  }

  /**
   * What somebody wants to do.
   *
   * @param resource plural name, with the subresource behind a slash where there is one
   * @param namespace empty for cluster-scoped resources and for all namespaces
   * @param name empty where it is not about one object
   */
  public record Action(String verb, String group, String resource, String namespace, String name) {}
}
