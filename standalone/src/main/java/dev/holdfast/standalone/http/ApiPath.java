package dev.holdfast.standalone.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A path below /api or /apis that names a resource.
 *
 * @param namespace empty for cluster-scoped resources and for all namespaces
 * @param name empty for the collection
 * @param watch whether it is one of the old paths that begin with {@code watch/}
 */
record ApiPath(
    String group,
    String version,
    String namespace,
    String plural,
    String name,
    String subresource,
    boolean watch) {

  /** Reads a path; null when it has not the form of a resource's path. */
  static @Nullable ApiPath parse(String path) {
    List<String> parts = new ArrayList<>();
    for (String part : path.substring(1).split("/", -1)) {
      parts.add(URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8));
    }
    if (parts.getLast().isEmpty()) {
      parts.removeLast();
    }
    boolean core = !parts.isEmpty() && parts.getFirst().equals("api");
    int head = core ? 2 : 3;
    if (parts.size() <= head || !(core || parts.getFirst().equals("apis"))) {
      return null;
    }
    String group = core ? "" : parts.get(1);
    String version = parts.get(head - 1);
    List<String> rest = parts.subList(head, parts.size());
    boolean watch = rest.getFirst().equals("watch") && rest.size() > 1;
    if (watch) {
      rest = rest.subList(1, rest.size());
    }
    String namespace = "";
    boolean ofNamespace =
        rest.size() > 2 && rest.getFirst().equals("namespaces") && !isNamespacePart(rest);
    if (ofNamespace) {
      namespace = rest.get(1);
      rest = rest.subList(2, rest.size());
    }
    return rest.size() > 3
        ? null
        : new ApiPath(group, version, namespace, rest.getFirst(), at(rest, 1), at(rest, 2), watch);
  }

  /** Whether it goes on with a subresource of the namespace itself. */
  private static boolean isNamespacePart(List<String> rest) {
    return rest.size() == 3 && (rest.get(2).equals("status") || rest.get(2).equals("finalize"));
  }

  private static String at(List<String> parts, int index) {
    return index < parts.size() ? parts.get(index) : "";
  }
}
