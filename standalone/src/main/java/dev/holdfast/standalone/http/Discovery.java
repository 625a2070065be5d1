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
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which groups, versions and resources there are, in the aggregated and in the old form. */
final class Discovery {
  private static final List<String> STATUS_VERBS = List.of("get", "patch", "update");
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

  /** The resources of every group and version; those of the core group under "". */
  private SortedMap<String, SortedMap<String, List<ResourceType>>> groups() {
    SortedMap<String, SortedMap<String, List<ResourceType>>> groups = new TreeMap<>();
    for (ResourceType type : registry.all()) {
      groups
          .computeIfAbsent(type.group(), group -> new TreeMap<>(ResourceType.BEST_VERSION_FIRST))
          .computeIfAbsent(type.version(), version -> new ArrayList<>())
          .add(type);
    }
    Reviews.PLURALS.forEach(
        (group, plurals) ->
            groups.computeIfAbsent(group, g -> new TreeMap<>()).put("v1", List.of()));
    return groups;
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
    ObjectNode list = Json.object().put("kind", LIST).put("apiVersion", "apidiscovery.k8s.io/v2");
    list.putObject("metadata");
    ArrayNode items = list.putArray("items");
    groups()
        .forEach(
            (group, versions) -> {
              if (group.isEmpty() == core) {
                ObjectNode item = items.addObject();
                ObjectNode metadata = item.putObject("metadata");
                if (!core) {
                  metadata.put("name", group);
                }
                ArrayNode shown = item.putArray("versions");
                versions.forEach((version, types) -> aggregate(shown, group, version, types));
              }
            });
    return list;
  }

  private static void aggregate(
      ArrayNode versions, String group, String version, List<ResourceType> types) {
    ObjectNode shown = versions.addObject().put("version", version);
    shown.putArray("resources").addAll(resources(group, types));
    shown.put("freshness", "Current");
  }

  private static List<ObjectNode> resources(String group, List<ResourceType> types) {
    List<ObjectNode> resources = new ArrayList<>();
    types.forEach(type -> resources.add(aggregate(type)));
    Reviews.PLURALS
        .getOrDefault(group, new TreeMap<>())
        .forEach(
            (plural, kind) -> {
              ObjectNode resource = Json.object().put("resource", plural);
              responseKind(resource, "", "", kind);
              resource.put("scope", "Cluster").put("singularResource", Reviews.singular(plural));
              texts(resource, "verbs", List.of("create"));
              resources.add(resource);
            });
    return resources;
  }

  private static ObjectNode aggregate(ResourceType type) {
    boolean custom = type.has(Trait.CUSTOM);
    String group = custom ? type.group() : "";
    String version = custom ? type.version() : "";
    ObjectNode resource = Json.object().put("resource", type.plural());
    responseKind(resource, group, version, type.kind());
    resource.put("scope", type.namespaced() ? "Namespaced" : "Cluster");
    resource.put("singularResource", type.names().singular());
    texts(resource, "verbs", type.verbs());
    texts(resource, "shortNames", type.names().shortNames());
    texts(resource, "categories", type.names().categories());
    for (String subresource : new TreeSet<>(type.subresources().keySet())) {
      ObjectNode shown =
          resource.withArrayProperty("subresources").addObject().put("subresource", subresource);
      responseKind(shown, group, version, type.kind());
      texts(shown, "verbs", verbs(subresource));
    }
    return resource;
  }

  private static void responseKind(ObjectNode in, String group, String version, String kind) {
    in.putObject("responseKind").put("group", group).put("version", version).put("kind", kind);
  }

  private static List<String> verbs(String subresource) {
    return subresource.equals("finalize") ? List.of("update") : STATUS_VERBS;
  }

  private static void texts(ObjectNode in, String field, List<String> texts) {
    if (!texts.isEmpty()) {
      ArrayNode array = in.putArray(field);
      texts.forEach(array::add);
    }
  }

  /** The old document at /api. */
  ObjectNode versions() {
    ObjectNode versions = Json.object().put("kind", "APIVersions");
    versions.putArray("versions").add("v1");
    addresses(versions);
    return versions;
  }

  private void addresses(ObjectNode in) {
    in.putArray("serverAddressByClientCIDRs")
        .addObject()
        .put("clientCIDR", "0.0.0.0/0")
        .put("serverAddress", ":" + port);
  }

  /** The old document at /apis. */
  ObjectNode groupList() {
    ObjectNode list = Json.object().put("kind", "APIGroupList");
    ArrayNode shown = list.putArray("groups");
    groups()
        .forEach(
            (group, versions) -> {
              if (!group.isEmpty()) {
                ObjectNode item = shown.addObject();
                describe(item, group, List.copyOf(versions.keySet()));
                addresses(item);
              }
            });
    return list;
  }

  private static void describe(ObjectNode in, String group, List<String> versions) {
    in.put("name", group);
    ArrayNode shown = in.putArray("versions");
    versions.forEach(
        version ->
            shown.addObject().put("groupVersion", group + "/" + version).put("version", version));
    in.putObject("preferredVersion")
        .put("groupVersion", group + "/" + versions.getFirst())
        .put("version", versions.getFirst());
  }

  /** The old document of a group; empty when there is no such group. */
  ObjectNode group(String group) {
    SortedMap<String, List<ResourceType>> versions = groups().get(group);
    ObjectNode shown = Json.object();
    if (versions != null && !group.isEmpty()) {
      shown.put("kind", "APIGroup").put("apiVersion", "v1");
      describe(shown, group, List.copyOf(versions.keySet()));
    }
    return shown;
  }

  /** The old document of a version; empty when there is no such version. */
  ObjectNode resources(String group, String version) {
    List<ResourceType> types = groups().getOrDefault(group, new TreeMap<>()).get(version);
    ObjectNode list = Json.object();
    if (types == null) {
      return list;
    }
    list.put("kind", "APIResourceList");
    if (!group.isEmpty()) {
      list.put("apiVersion", "v1");
    }
    list.put("groupVersion", group.isEmpty() ? version : group + "/" + version);
    ArrayNode shown = list.putArray("resources");
    for (ObjectNode resource : resources(group, types)) {
      String plural = resource.path("resource").asText();
      describe(shown, resource, plural, resource.path("singularResource").asText(), resource);
      resource
          .path("subresources")
          .forEach(
              sub ->
                  describe(
                      shown, resource, plural + "/" + sub.path("subresource").asText(), "", sub));
    }
    return list;
  }

  /**
   * A resource or a subresource in the old form, made of the aggregated one.
   *
   * @param from the resource itself, or its subresource
   */
  private static void describe(
      ArrayNode in, ObjectNode resource, String name, String singular, JsonNode from) {
    JsonNode kind = resource.path("responseKind");
    ObjectNode shown =
        in.addObject()
            .put("name", name)
            .put("singularName", singular)
            .put("namespaced", resource.path("scope").asText().equals("Namespaced"))
            .put("kind", kind.path("kind").asText());
    for (String field : List.of("verbs", "shortNames", "categories")) {
      if (from.has(field)) {
        shown.set(field, from.get(field));
      }
    }
    boolean custom = !kind.path("group").asText().isEmpty();
    if (custom && from.has("resource")) {
      byte[] hash = OpenApi.sha512(Json.bytes(kind));
      shown.put("storageVersionHash", Base64.getEncoder().encodeToString(Arrays.copyOf(hash, 8)));
    }
  }
}
