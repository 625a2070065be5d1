package dev.holdfast.standalone.torture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What matters of one version of an object.
 *
 * @param key namespace and name
 * @param content a hash of everything in it but the resourceVersion
 */
record Thing(String key, String tier, boolean retired, String node, int content) {
  static final String GROUP = "torture.example.dev";
  static final String PATH = "/apis/" + GROUP + "/v1/";

  static final String DEFINITION =
      """
      {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
       "metadata": {"name": "things.torture.example.dev"},
       "spec": {"group": "torture.example.dev", "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [{"name": "v1", "served": true, "storage": true,
          "selectableFields": [{"jsonPath": ".spec.node"}],
          "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {
            "type": "object", "properties": {
              "node": {"type": "string"}, "n": {"type": "integer"}}}}}}}]}}
      """;

  static Thing of(JsonNode object) {
    JsonNode metadata = object.path("metadata");
    JsonNode labels = metadata.path("labels");
    ObjectNode rest = object.deepCopy();
    ((ObjectNode) rest.path("metadata")).remove("resourceVersion");
    return new Thing(
        metadata.path("namespace").asText() + "/" + metadata.path("name").asText(),
        labels.path("tier").asText(),
        labels.has("retired"),
        object.path("spec").path("node").asText(),
        rest.hashCode());
  }

  /** An object as it is sent; without a resourceVersion. */
  static ObjectNode body(
      String namespace, String name, String tier, boolean retired, String node, int n) {
    ObjectNode object = Api.object().put("apiVersion", GROUP + "/v1").put("kind", "Thing");
    ObjectNode labels =
        object
            .putObject("metadata")
            .put("namespace", namespace)
            .put("name", name)
            .putObject("labels")
            .put("tier", tier);
    if (retired) {
      labels.put("retired", "yes");
    }
    object.putObject("spec").put("node", node).put("n", n);
    return object;
  }
}
