package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.schema.ObjectMeta;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The little of OpenAPI that kubectl needs: for each resource a PATCH operation that knows
 * fieldValidation, and its schema for {@code kubectl explain}.
 */
final class OpenApi {
  static final String V2_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
  private static final String OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

  private final ResourceRegistry registry;

  OpenApi(ResourceRegistry registry) {
    this.registry = registry;
  }

  /** The resources by document; those of discovery itself describe nothing. */
  private SortedMap<String, List<ResourceType>> versions() {
    SortedMap<String, List<ResourceType>> versions = new TreeMap<>();
    for (String path : List.of("api", "apis", "version")) {
      versions.put(path, List.of());
    }
    for (String group : Reviews.PLURALS.keySet()) {
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
  ObjectNode index() {
    ObjectNode index = Json.object();
    ObjectNode paths = index.putObject("paths");
    versions()
        .forEach(
            (path, types) ->
                paths
                    .putObject(path)
                    .put("serverRelativeURL", location(path, Json.bytes(document(types)))));
    return index;
  }

  static String location(String path, byte[] document) {
    return "/openapi/v3/" + path + "?hash=" + Discovery.hash(document);
  }

  /** The document of a path like apis/holdfast.dev/v1alpha1; empty when there is none. */
  byte[] document(String path) {
    List<ResourceType> types = versions().get(path);
    return types == null ? new byte[0] : Json.bytes(document(types));
  }

  private static ObjectNode document(List<ResourceType> types) {
    ObjectNode document = Json.object().put("openapi", "3.0.0");
    document.putObject("info").put("title", "Holdfast").put("version", "v1");
    ObjectNode paths = document.putObject("paths");
    ObjectNode schemas = document.putObject("components").putObject("schemas");
    for (ResourceType type : types) {
      String path =
          "/"
              + root(type)
              + (type.namespaced() ? "/namespaces/{namespace}/" : "/")
              + type.plural()
              + "/{name}";
      ObjectNode patch = paths.putObject(path).putObject("patch");
      patch.put("description", "partially update the specified " + type.kind());
      ObjectNode parameter = patch.putArray("parameters").addObject();
      parameter.put("name", "fieldValidation").put("in", "query");
      parameter.putObject("schema").put("type", "string");
      patch.putObject("responses").putObject("200").put("description", "OK");
      patch.put("x-kubernetes-action", "patch");
      patch.set("x-kubernetes-group-version-kind", gvk(type));
      schemas.set(schemaName(type), schema(type));
    }
    schemas.set(OBJECT_META, ObjectMeta.schema());
    return document;
  }

  private static ObjectNode gvk(ResourceType type) {
    return Json.object()
        .put("group", type.group())
        .put("version", type.version())
        .put("kind", type.kind());
  }

  /** The group's labels in reverse, as for Java packages. */
  private static String schemaName(ResourceType type) {
    if (type.group().isEmpty()) {
      return "io.k8s.api.core." + type.version() + "." + type.kind();
    }
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
    metadata.putArray("allOf").addObject().put("$ref", "#/components/schemas/" + OBJECT_META);
    schema.putArray("x-kubernetes-group-version-kind").add(gvk(type));
    return schema;
  }

  private static void describe(ObjectNode properties, String name, String description) {
    properties.putObject(name).put("description", description).put("type", "string");
  }

  /** An almost empty document: enough for clients that only want to see that there is one. */
  static ObjectNode v2() {
    ObjectNode document = Json.object().put("swagger", "2.0");
    document.putObject("info").put("title", "Holdfast").put("version", "v1");
    document.putObject("paths");
    document.putObject("definitions");
    document.putObject("parameters");
    return document;
  }

  /** The same as a message of gnostic's openapi.v2.Document. */
  static byte[] v2Protobuf() {
    ByteArrayOutputStream info = new ByteArrayOutputStream();
    field(info, 1, "Holdfast".getBytes(StandardCharsets.UTF_8));
    field(info, 2, "v1".getBytes(StandardCharsets.UTF_8));
    ByteArrayOutputStream document = new ByteArrayOutputStream();
    field(document, 1, "2.0".getBytes(StandardCharsets.UTF_8));
    field(document, 2, info.toByteArray());
    field(document, 8, new byte[0]);
    field(document, 9, new byte[0]);
    return document.toByteArray();
  }

  private static void field(ByteArrayOutputStream out, int number, byte[] value) {
    out.write(number << 3 | 2);
    out.write(value.length); // all of them are shorter than 128 bytes
    out.writeBytes(value);
  }
}
