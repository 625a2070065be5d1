package dev.holdfast.standalone.openapi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The little of OpenAPI that clients need: for each resource its schema for {@code kubectl
 * explain}, and a PATCH operation that knows fieldValidation. Those of the built-in kinds are
 * Kubernetes' own, as a real server publishes them.
 */
public final class OpenApi {
  private static final String OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
  private static final String REFERENCE = "#/components/schemas/";
  private static final String GVK = "x-kubernetes-group-version-kind";

  private final ResourceRegistry registry;
  private final Set<String> reviews;

  /**
   * Describes resources.
   *
   * @param reviews groups whose resources are no objects; they are named only
   */
  public OpenApi(ResourceRegistry registry, Set<String> reviews) {
    this.registry = registry;
    this.reviews = reviews;
  }

  /** The resources by document; those of discovery itself describe nothing. */
  private SortedMap<String, List<ResourceType>> versions() {
    SortedMap<String, List<ResourceType>> versions = new TreeMap<>();
    for (String path : List.of("api", "apis", "version")) {
      versions.put(path, List.of());
    }
    for (String group : reviews) {
      versions.put("apis/" + group, List.of());
      versions.put("apis/" + group + "/v1", List.of());
    }
    for (ResourceType type : registry.all()) {
      versions.computeIfAbsent(root(type), path -> new ArrayList<>()).add(type);
      if (!type.has(Trait.CUSTOM) && !type.group().isEmpty()) {
        versions.put("apis/" + type.group(), List.of());
      }
    }
    return versions;
  }

  private static String root(ResourceType type) {
    return (type.group().isEmpty() ? "api/" : "apis/") + type.apiVersion();
  }

  /** The list of documents, each with the hash of its contents. */
  public ObjectNode index() {
    ObjectNode index = Json.object();
    ObjectNode paths = index.putObject("paths");
    JsonNode published = published();
    versions()
        .forEach(
            (path, types) ->
                paths
                    .putObject(path)
                    .put(
                        "serverRelativeURL",
                        location(path, Json.bytes(document(types, published)))));
    return index;
  }

  public static String location(String path, byte[] document) {
    return "/openapi/v3/" + path + "?hash=" + hash(document);
  }

  /** The document of a path like apis/holdfast.dev/v1alpha1; empty when there is none. */
  public byte[] document(String path) {
    List<ResourceType> types = versions().get(path);
    return types == null ? new byte[0] : Json.bytes(document(types, published()));
  }

  private static ObjectNode document(List<ResourceType> types, JsonNode published) {
    ObjectNode document = Json.object().put("openapi", "3.0.0");
    document.putObject("info").put("title", "Holdfast").put("version", "v1");
    ObjectNode paths = document.putObject("paths");
    for (ResourceType type : types) {
      String path =
          "/"
              + root(type)
              + (type.namespaced() ? "/namespaces/{namespace}/" : "/")
              + type.plural()
              + "/{name}";
      ObjectNode patch = paths.putObject(path).putObject("patch");
      patch.put("description", "partially update the specified " + type.kind());
      ArrayNode parameters = patch.putArray("parameters");
      for (String name : List.of("dryRun", "fieldValidation")) {
        ObjectNode parameter = parameters.addObject().put("name", name).put("in", "query");
        parameter.putObject("schema").put("type", "string");
      }
      patch.putObject("responses").putObject("200").put("description", "OK");
      patch.put("x-kubernetes-action", "patch");
      patch.set(GVK, gvk(type));
    }
    document.putObject("components").set("schemas", schemas(types, published));
    return document;
  }

  /** The schemas of resources and all that they refer to, by name. */
  private static ObjectNode schemas(List<ResourceType> types, JsonNode published) {
    ObjectNode schemas = Json.object();
    for (ResourceType type : types) {
      if (type.has(Trait.CUSTOM)) {
        schemas.set(schemaName(type), schema(type));
      } else {
        published.properties().stream()
            .filter(schema -> schema.getValue().path(GVK).path(0).equals(gvk(type)))
            .forEach(schema -> schemas.set(schema.getKey(), schema.getValue()));
      }
    }
    Deque<JsonNode> referring = new ArrayDeque<>(schemas.valueStream().toList());
    while (!referring.isEmpty()) {
      for (JsonNode reference : referring.remove().findValues("$ref")) {
        String name = reference.asText().replace(REFERENCE, "");
        if (published.has(name) && !schemas.has(name)) {
          schemas.set(name, published.get(name));
          referring.add(published.get(name));
        }
      }
    }
    return schemas;
  }

  // Read when it is asked for: few clients do, and keep what they got.
  private static JsonNode published() {
    try (InputStream in = OpenApi.class.getResourceAsStream("openapi.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Version 2 of the schemas of all resources. */
  public ObjectNode v2() {
    return OpenApiV2.document(document(registry.all(), published()));
  }

  private static ObjectNode gvk(ResourceType type) {
    return Json.object()
        .put("group", type.group())
        .put("version", type.version())
        .put("kind", type.kind());
  }

  /** The group's labels in reverse, as for Java packages. */
  private static String schemaName(ResourceType type) {
    List<String> labels = new ArrayList<>(List.of(type.group().split("\\.", -1)));
    Collections.reverse(labels);
    return String.join(".", labels) + "." + type.version() + "." + type.kind();
  }

  private static ObjectNode schema(ResourceType type) {
    ObjectNode source = type.openApi();
    ObjectNode schema = source == null ? Json.object().put("type", "object") : source.deepCopy();
    ObjectNode properties = schema.withObjectProperty("properties");
    describe(
        properties,
        "apiVersion",
        "APIVersion defines the versioned schema of this representation of an object. Servers"
            + " should convert recognized schemas to the latest internal value, and may reject"
            + " unrecognized values. More info:"
            + " https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources");
    describe(
        properties,
        "kind",
        "Kind is a string value representing the REST resource this object represents. Servers may"
            + " infer this from the endpoint the client submits requests to. Cannot be updated. In"
            + " CamelCase. More info:"
            + " https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds");
    ObjectNode metadata = properties.putObject("metadata");
    metadata.put(
        "description",
        "Standard object's metadata. More info:"
            + " https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata");
    metadata.putArray("allOf").addObject().put("$ref", REFERENCE + OBJECT_META);
    schema.putArray(GVK).add(gvk(type));
    return schema;
  }

  private static void describe(ObjectNode properties, String name, String description) {
    properties.putObject(name).put("description", description).put("type", "string");
  }

  /** What identifies a document's contents. */
  public static String hash(byte[] document) {
    return HexFormat.of().withUpperCase().formatHex(sha512(document));
  }

  /** The digest that a document is known by. */
  public static byte[] sha512(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-512").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-512", e);
    }
  }
}
