package dev.holdfast.standalone.security;

import java.util.Set;

/**
 * What each identity may do. Fixed, because a single host has a single user; a cluster has RBAC.
 *
 * <p>An agent may read what it needs to run machines and write what it reports, but it neither
 * changes who may do what, nor which kinds there are, nor Secrets.
 */
public final class Rights {
  private static final Set<String> READ = Set.of("get", "list", "watch");
  private static final Set<String> NEVER_WRITTEN_BY_AGENTS =
      Set.of("secrets", "serviceaccounts", "namespaces", "customresourcedefinitions");
  private static final String CRDS = "customresourcedefinitions";

  private Rights() {}

  /**
   * Whether a request is allowed.
   *
   * @param verb as in discovery: get, list, watch, create, update, patch, delete, deletecollection
   */
  public static boolean allow(Identity identity, String verb, String resource) {
    return switch (identity) {
      case Identity.Admin() -> true;
      case Identity.Operator() ->
          READ.contains(verb) || !(resource.equals(CRDS) && verb.startsWith("delete"));
      case Identity.Agent ignored ->
          READ.contains(verb)
              || (!NEVER_WRITTEN_BY_AGENTS.contains(resource) && !verb.equals("deletecollection"));
    };
  }
}
