package dev.holdfast.system.cluster;

import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request as RBAC sees it.
 *
 * @param group empty for the core group
 * @param resource with its subresource after a slash
 * @param namespace null for objects of the cluster, and for those of all namespaces
 * @param name null where a request is about no single object
 * @see <a href="https://kubernetes.io/docs/reference/access-authn-authz/authorization/">Kubernetes:
 *     Authorization, request attributes</a>
 */
record ApiRequest(
    String verb, String group, String resource, @Nullable String namespace, @Nullable String name) {

  /** Empty for requests that are not about objects, such as discovery. */
  static Optional<ApiRequest> of(String method, URI uri) {
    List<String> path = Arrays.stream(uri.getPath().split("/")).filter(s -> !s.isEmpty()).toList();
    int groupLength =
        switch (path.isEmpty() ? "" : path.getFirst()) {
          case "api" -> 2;
          case "apis" -> 3;
          default -> Integer.MAX_VALUE;
        };
    if (path.size() <= groupLength) {
      return Optional.empty();
    }
    String group = groupLength == 2 ? "" : path.get(1);
    List<String> rest = path.subList(groupLength, path.size());
    @Nullable String namespace = null;
    if (rest.getFirst().equals("namespaces") && rest.size() > 2) {
      namespace = rest.get(1);
      rest = rest.subList(2, rest.size());
    }
    @Nullable String name = rest.size() > 1 ? rest.get(1) : null;
    String resource = rest.size() > 2 ? rest.getFirst() + "/" + rest.get(2) : rest.getFirst();
    return Optional.of(
        new ApiRequest(verb(method, name, uri.getQuery()), group, resource, namespace, name));
  }

  private static String verb(String method, @Nullable String name, @Nullable String query) {
    return switch (method) {
      case "POST" -> "create";
      case "PUT" -> "update";
      case "DELETE" -> name == null ? "deletecollection" : "delete";
      case "GET", "HEAD" ->
          query != null && query.contains("watch=true") ? "watch" : name == null ? "list" : "get";
      default -> method.toLowerCase(Locale.ROOT);
    };
  }
}
