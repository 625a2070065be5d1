package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.apply.ApplyCase.Operation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Random writes of the kind Thing, each valid by itself. */
final class RandomThings {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final RandomGenerator random;
  private final String name;

  RandomThings(RandomGenerator random, String name) {
    this.random = random;
    this.name = name;
  }

  ApplyCase next(@Nullable ObjectNode live) {
    if (live == null) {
      return random.nextBoolean()
          ? write(Operation.CREATE, null, thing())
          : write(Operation.APPLY, null, thing());
    }
    return switch (random.nextInt(12)) {
      case 0 -> write(Operation.REPLACE, live, replacement(live));
      case 1, 2 -> write(Operation.MERGE, live, mergePatch());
      case 3 -> write(Operation.MERGE_STATUS, live, NODES.objectNode().set("status", status()));
      case 4, 5 -> write(Operation.APPLY_STATUS, live, withStatus());
      default -> write(Operation.APPLY, live, thing());
    };
  }

  private ApplyCase write(Operation operation, @Nullable ObjectNode live, ObjectNode body) {
    boolean applies = operation == Operation.APPLY || operation == Operation.APPLY_STATUS;
    String manager = (applies ? "applier-" : "updater-") + random.nextInt(applies ? 3 : 13);
    return new ApplyCase(operation, manager, random.nextBoolean(), live, body, NODES.objectNode());
  }

  private ObjectNode thing() {
    ObjectNode thing = head();
    thing.set("spec", spec());
    if (maybe()) {
      thing.set("status", status());
    }
    return thing;
  }

  private ObjectNode withStatus() {
    ObjectNode thing = head();
    thing.set("status", status());
    return thing;
  }

  private ObjectNode head() {
    ObjectNode thing = NODES.objectNode();
    thing.put("apiVersion", ApplyCase.API_VERSION).put("kind", "Thing");
    ObjectNode metadata = thing.putObject("metadata").put("name", name);
    if (maybe()) {
      metadata.set("labels", map());
    }
    if (maybe()) {
      metadata.set("annotations", map());
    }
    if (maybe()) {
      metadata.set("finalizers", set("holdfast.test/a", "holdfast.test/b", "holdfast.test/c"));
    }
    return thing;
  }

  private ObjectNode replacement(ObjectNode live) {
    ObjectNode thing = thing();
    for (String field : List.of("resourceVersion", "uid", "creationTimestamp", "generation")) {
      thing.withObjectProperty("metadata").set(field, live.path("metadata").path(field));
    }
    thing
        .withObjectProperty("metadata")
        .set("managedFields", live.path("metadata").path("managedFields"));
    thing.withObjectProperty("metadata").put("namespace", "default");
    return thing;
  }

  private ObjectNode mergePatch() {
    ObjectNode patch = NODES.objectNode();
    ObjectNode spec = spec();
    for (String field : List.of("text", "nested", "tags", "selector", "parts", "labels")) {
      if (random.nextInt(5) == 0) {
        spec.putNull(field);
      }
    }
    patch.set("spec", spec);
    return patch;
  }

  private ObjectNode spec() {
    ObjectNode spec = NODES.objectNode();
    add(spec, "text", this::text);
    add(spec, "count", this::number);
    add(spec, "flag", () -> NODES.booleanNode(random.nextBoolean()));
    add(spec, "mode", this::text);
    add(spec, "port", () -> random.nextBoolean() ? number() : text());
    add(spec, "nested", this::nested);
    add(spec, "tags", () -> set("a", "b", "c<d", "e"));
    add(spec, "args", this::list);
    add(spec, "selector", this::map);
    add(spec, "labels", this::map);
    add(spec, "hosts", this::hosts);
    add(spec, "free", this::free);
    add(spec, "parts", this::parts);
    add(spec, "ports", this::ports);
    return spec;
  }

  private ObjectNode status() {
    ObjectNode status = NODES.objectNode();
    add(status, "phase", this::text);
    add(
        status,
        "conditions",
        () -> {
          ArrayNode conditions = NODES.arrayNode();
          for (String type : some("Ready", "Stalled", "Running")) {
            ObjectNode condition = conditions.addObject().put("type", type);
            condition.set("status", text());
          }
          return conditions;
        });
    return status;
  }

  private JsonNode nested() {
    ObjectNode nested = NODES.objectNode();
    add(nested, "x", this::text);
    add(nested, "y", this::number);
    add(
        nested,
        "deep",
        () -> {
          ObjectNode deep = NODES.objectNode();
          add(deep, "z", this::text);
          return deep;
        });
    return nested;
  }

  private JsonNode hosts() {
    ObjectNode hosts = NODES.objectNode();
    for (String host : some("alpha", "beta")) {
      hosts.set(host, nested());
    }
    return hosts;
  }

  private JsonNode free() {
    ObjectNode free = NODES.objectNode();
    add(free, "scalar", () -> random.nextBoolean() ? number() : text());
    add(free, "kind-changes", () -> random.nextBoolean() ? map() : list());
    add(free, "map", this::map);
    add(free, "list", this::list);
    return free;
  }

  private JsonNode parts() {
    ArrayNode parts = NODES.arrayNode();
    for (String part : some("p1", "p2", "p3", "p4", "p5")) {
      ObjectNode item = parts.addObject().put("name", part);
      add(item, "size", this::number);
      add(item, "bus", this::text);
      add(item, "tags", () -> set("a", "b"));
      add(item, "nested", this::nested);
    }
    return parts;
  }

  private JsonNode ports() {
    ArrayNode ports = NODES.arrayNode();
    for (String protocol : some("TCP", "UDP")) {
      for (String port : some("80", "443", "8080")) {
        ObjectNode item = ports.addObject().put("port", Integer.parseInt(port));
        if (!protocol.equals("TCP") || random.nextBoolean()) {
          item.put("protocol", protocol);
        }
        add(item, "target", this::text);
      }
    }
    return ports;
  }

  private JsonNode map() {
    ObjectNode map = NODES.objectNode();
    for (String key : some("k1", "k2", "holdfast.test/k3")) {
      map.set(key, text());
    }
    return map;
  }

  private JsonNode list() {
    ArrayNode list = NODES.arrayNode();
    for (int i = random.nextInt(3); i > 0; i--) {
      list.add(text());
    }
    return list;
  }

  private JsonNode set(String... values) {
    ArrayNode set = NODES.arrayNode();
    some(values).forEach(set::add);
    return set;
  }

  private JsonNode text() {
    return NODES.textNode("v" + random.nextInt(3));
  }

  private JsonNode number() {
    return NODES.numberNode(random.nextInt(3));
  }

  /** Some of the values, in any order; rarely none. */
  private List<String> some(String... values) {
    List<String> chosen = new ArrayList<>();
    for (String value : values) {
      if (random.nextBoolean()) {
        chosen.add(value);
      }
    }
    Collections.shuffle(chosen, new Random(random.nextLong()));
    return chosen;
  }

  private void add(ObjectNode object, String field, java.util.function.Supplier<JsonNode> value) {
    if (maybe()) {
      object.set(field, value.get());
    }
  }

  private boolean maybe() {
    return random.nextInt(3) == 0;
  }
}
