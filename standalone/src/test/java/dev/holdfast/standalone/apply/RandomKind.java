package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * A CustomResourceDefinition with a random schema: all list and map types, nesting, fields of any
 * type, defaults, nullable and unknown fields; sometimes in two versions.
 */
final class RandomKind {
  static final String GROUP = "apply.holdfast.test";

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final int DEPTH = 3;
  private static final List<String> NAMES =
      List.of("alpha", "beta", "gamma", "delta", "dash-ed", "dot.ted", "eta", "theta");

  private final RandomGenerator random;
  private final RandomValues values;
  private final ObjectNode schema;
  private final int versions;

  RandomKind(RandomGenerator random) {
    this.random = random;
    this.values = new RandomValues(random, 0);
    this.versions = random.nextInt(3) == 0 ? 2 : 1;
    this.schema = ofType("object");
    ObjectNode properties = schema.putObject("properties");
    properties.set("spec", struct(DEPTH, NAMES.size()));
    properties.set("status", struct(DEPTH - 1, 3));
  }

  ObjectNode schema() {
    return schema;
  }

  int versions() {
    return versions;
  }

  /** With a plural, which makes the kind another one. */
  ObjectNode definition(String plural) {
    ObjectNode definition = NODES.objectNode();
    definition.put("apiVersion", "apiextensions.k8s.io/v1").put("kind", "CustomResourceDefinition");
    definition.putObject("metadata").put("name", plural + "." + GROUP);
    ObjectNode spec = definition.putObject("spec").put("group", GROUP).put("scope", "Namespaced");
    spec.putObject("names").put("plural", plural).put("kind", "Thing" + plural);
    ArrayNode list = spec.putArray("versions");
    for (int version = 1; version <= versions; version++) {
      ObjectNode entry = list.addObject().put("name", "v" + version).put("served", true);
      entry.put("storage", version == 1);
      entry.putObject("subresources").putObject("status");
      entry.putObject("schema").set("openAPIV3Schema", schema);
    }
    return definition;
  }

  private ObjectNode any(int depth) {
    return nullable(
        switch (random.nextInt(depth > 0 ? 14 : 5)) {
          case 0, 1 -> scalar("string");
          case 2 -> scalar("integer");
          case 3 -> scalar(random.nextBoolean() ? "number" : "boolean");
          case 4 -> NODES.objectNode().put("x-kubernetes-int-or-string", true);
          case 5, 6, 7 -> struct(depth - 1, 4);
          case 8 -> map(depth - 1);
          case 9 -> free(depth - 1);
          case 10 -> list(depth - 1);
          case 11 -> set();
          default -> keyed(depth - 1);
        });
  }

  private ObjectNode nullable(ObjectNode node) {
    if (random.nextInt(8) == 0) {
      node.put("nullable", true);
    }
    return node;
  }

  private ObjectNode scalar(String type) {
    ObjectNode node = ofType(type);
    if (random.nextInt(4) == 0) {
      node.set("default", values.of(node));
    }
    return node;
  }

  private ObjectNode struct(int depth, int fields) {
    ObjectNode node = ofType("object");
    ObjectNode properties = node.putObject("properties");
    for (String name : NAMES.subList(0, fields)) {
      properties.set(name, any(depth));
    }
    if (random.nextInt(6) == 0) {
      node.put("x-kubernetes-map-type", random.nextBoolean() ? "atomic" : "granular");
    }
    if (random.nextInt(6) == 0) {
      node.putObject("default");
    }
    if (random.nextInt(8) == 0) {
      node.put("x-kubernetes-preserve-unknown-fields", true);
    }
    return node;
  }

  private ObjectNode map(int depth) {
    ObjectNode node = ofType("object");
    node.set("additionalProperties", any(depth));
    if (random.nextInt(4) == 0) {
      node.put("x-kubernetes-map-type", "atomic");
    }
    return node;
  }

  private ObjectNode free(int depth) {
    if (random.nextInt(3) == 0) {
      return NODES.objectNode().put("x-kubernetes-preserve-unknown-fields", true);
    }
    ObjectNode node = ofType("object").put("x-kubernetes-preserve-unknown-fields", true);
    if (random.nextBoolean()) {
      node.putObject("properties").set("known", any(depth));
    }
    return node;
  }

  private ObjectNode list(int depth) {
    ObjectNode node = ofType("array");
    node.set("items", any(depth));
    return node;
  }

  private ObjectNode set() {
    ObjectNode node = ofType("array").put("x-kubernetes-list-type", "set");
    node.set("items", ofType(random.nextBoolean() ? "string" : "integer"));
    return node;
  }

  private ObjectNode keyed(int depth) {
    ObjectNode node = ofType("array").put("x-kubernetes-list-type", "map");
    ArrayNode keys = node.putArray("x-kubernetes-list-map-keys");
    ObjectNode items = node.putObject("items").put("type", "object");
    ObjectNode properties = items.putObject("properties");
    ArrayNode required = NODES.arrayNode();
    for (String key : random.nextInt(3) == 0 ? List.of("name", "id") : List.of("name")) {
      keys.add(key);
      ObjectNode property = ofType(random.nextInt(3) == 0 ? "integer" : "string");
      if (key.equals("id") || random.nextInt(6) == 0) {
        property.set("default", values.of(property));
      } else {
        required.add(key);
      }
      properties.set(key, property);
    }
    if (!required.isEmpty()) {
      items.set("required", required);
    }
    for (String name : NAMES.subList(0, 3)) {
      properties.set(name, any(depth));
    }
    return node;
  }

  private static ObjectNode ofType(String type) {
    return NODES.objectNode().put("type", type);
  }
}
