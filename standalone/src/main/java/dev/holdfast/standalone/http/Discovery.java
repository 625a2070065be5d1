package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.openapi.OpenApi;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Which groups, versions and resources there are, in the aggregated and in the old form. */
final class Discovery {
  private static final String LIST = "APIGroupDiscoveryList";
  static final String AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=" + LIST;

  private final ResourceRegistry registry;
  private final int port;

  Discovery(ResourceRegistry registry, int port) {
    this.registry = registry;
    this.port = port;
  }

  /** Whether a wish is for the aggregated form in a version that is served. */
  static boolean aggregated(Accept accept) {
    return accept.as().equals(LIST) && accept.version().equals("v2");
  }

  /** The resources of every group and version, in the aggregated form; the core group is "". */
  private SortedMap<String, SortedMap<String, List<ObjectNode>>> groups() {
    SortedMap<String, SortedMap<String, List<ObjectNode>>> groups = new TreeMap<>();
    registry.all().forEach(type -> add(groups, type.group(), type.version(), resource(type)));
    Reviews.PLURALS.forEach(
        (group, plurals) ->
            plurals.forEach((plural, kind) -> add(groups, group, "v1", review(plural, kind))));
    return groups;
  }

  private static void add(
      Map<String, SortedMap<String, List<ObjectNode>>> groups,
      String group,
      String version,
      ObjectNode resource) {
    groups
        .computeIfAbsent(group, name -> new TreeMap<>(ResourceType.BEST_VERSION_FIRST))
        .computeIfAbsent(version, name -> new ArrayList<>())
        .add(resource);
  }

  private static ObjectNode review(String plural, String kind) {
    return Json.object(
        "resource", plural,
        "responseKind", kind("", "", kind),
        "scope", "Cluster",
        "singularResource", plural.substring(0, plural.length() - 1),
        "verbs", List.of("create"));
  }

  private static ObjectNode resource(ResourceType type) {
    boolean custom = type.has(Trait.CUSTOM);
    ObjectNode kind = kind(custom ? type.group() : "", custom ? type.version() : "", type.kind());
    List<ObjectNode> subresources =
        type.subresources().keySet().stream()
            .sorted()
            .map(
                name ->
                    Json.object(
                        "subresource", name,
                        "responseKind", kind,
                        "verbs",
                            name.equals("finalize")
                                ? List.of("update")
                                : List.of("get", "patch", "update")))
            .toList();
    return Json.object(
        "resource", type.plural(),
        "responseKind", kind,
        "scope", type.namespaced() ? "Namespaced" : "Cluster",
        "singularResource", type.names().singular(),
        "verbs", type.verbs(),
        "shortNames", some(type.names().shortNames()),
        "categories", some(type.names().categories()),
        "subresources", some(subresources));
  }

  private static ObjectNode kind(String group, String version, String kind) {
    return Json.object("group", group, "version", version, "kind", kind);
  }

  private static @Nullable List<?> some(List<?> list) {
    return list.isEmpty() ? null : list;
  }

  /** All paths, for the root document. */
  List<String> paths() {
    List<String> paths = new ArrayList<>(List.of("/api", "/api/v1", "/apis", "/apis/"));
    groups()
        .forEach(
            (group, versions) -> {
              if (!group.isEmpty()) {
                paths.add("/apis/" + group);
                versions.keySet().forEach(version -> paths.add("/apis/" + group + "/" + version));
              }
            });
    return paths;
  }

  /** The aggregated document of the core group or of all others. */
  ObjectNode aggregate(boolean core) {
    ArrayNode items = Json.array();
    groups()
        .forEach(
            (group, versions) -> {
              ArrayNode shown = Json.array();
              versions.forEach(
                  (version, resources) ->
                      shown.add(
                          Json.object(
                              "version", version,
                              "resources", resources,
                              "freshness", "Current")));
              if (group.isEmpty() == core) {
                ObjectNode metadata = core ? Json.object() : Json.object("name", group);
                items.add(Json.object("metadata", metadata, "versions", shown));
              }
            });
    return Json.object(
        "kind",
        LIST,
        "apiVersion",
        "apidiscovery.k8s.io/v2",
        "metadata",
        Json.object(),
        "items",
        items);
  }

  /**
   * The old document of a path.
   *
   * @param parts of the path below the root: of the core group {@code api}, of others {@code apis}
   * @return empty when there is none
   */
  ObjectNode document(String[] parts) {
    boolean core = parts[0].equals("api");
    if (parts.length == 1) {
      return core
          ? Json.object(
              "kind", "APIVersions",
              "versions", List.of("v1"),
              "serverAddressByClientCIDRs", addresses())
          : Json.object("kind", "APIGroupList", "groups", groupList());
    }
    if (core) {
      return resources("", parts[1]);
    }
    SortedMap<String, List<ObjectNode>> versions = groups().get(parts[1]);
    if (parts.length > 2 && !parts[2].isEmpty()) {
      return resources(parts[1], parts[2]);
    }
    return versions == null || parts[1].isEmpty()
        ? Json.object()
        : Json.object("kind", "APIGroup", "apiVersion", "v1").setAll(group(parts[1], versions));
  }

  private List<ObjectNode> addresses() {
    return List.of(Json.object("clientCIDR", "0.0.0.0/0", "serverAddress", ":" + port));
  }

  private ArrayNode groupList() {
    ArrayNode list = Json.array();
    groups()
        .forEach(
            (group, versions) -> {
              if (!group.isEmpty()) {
                list.add(
                    group(group, versions)
                        .setAll(Json.object("serverAddressByClientCIDRs", addresses())));
              }
            });
    return list;
  }

  private static ObjectNode group(String group, SortedMap<String, List<ObjectNode>> versions) {
    List<ObjectNode> shown =
        versions.keySet().stream()
            .map(name -> Json.object("groupVersion", group + "/" + name, "version", name))
            .toList();
    return Json.object("name", group, "versions", shown, "preferredVersion", shown.getFirst());
  }

  /** The old document of a version. */
  private ObjectNode resources(String group, String version) {
    List<ObjectNode> resources = groups().getOrDefault(group, new TreeMap<>()).get(version);
    if (resources == null) {
      return Json.object();
    }
    ArrayNode shown = Json.array();
    for (ObjectNode resource : resources) {
      String plural = resource.path("resource").asText();
      boolean namespaced = resource.path("scope").asText().equals("Namespaced");
      shown.add(old(plural, resource.path("singularResource"), namespaced, resource));
      for (JsonNode sub : resource.path("subresources")) {
        String name = plural + "/" + sub.path("subresource").asText();
        shown.add(old(name, "", namespaced, sub));
      }
    }
    return Json.object(
        "kind",
        "APIResourceList",
        "apiVersion",
        group.isEmpty() ? null : "v1",
        "groupVersion",
        group.isEmpty() ? version : group + "/" + version,
        "resources",
        shown);
  }

  /** A resource or a subresource in the old form, made of the aggregated one. */
  private static ObjectNode old(String name, Object singular, boolean namespaced, JsonNode from) {
    JsonNode kind = from.path("responseKind");
    boolean custom = !kind.path("group").asText().isEmpty();
    byte[] hash = Arrays.copyOf(OpenApi.sha512(Json.bytes(kind)), 8);
    return Json.object(
        "name",
        name,
        "singularName",
        singular,
        "namespaced",
        namespaced,
        "kind",
        kind.path("kind"),
        "verbs",
        from.get("verbs"),
        "shortNames",
        from.get("shortNames"),
        "categories",
        from.get("categories"),
        "storageVersionHash",
        custom && from.has("resource") ? Base64.getEncoder().encodeToString(hash) : null);
  }
}
