package dev.holdfast.standalone.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.apply.Write.Verb;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** What several appliers and updaters, some of them careless, do to one object. */
final class RandomWrites {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final int WRONGS = 6;
  private static final String LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
  private static final List<String> LABELS = List.of("app", "tier", "holdfast.test/zone");
  private static final List<String> FINALIZERS = List.of("holdfast.test/a", "holdfast.test/b");

  private final RandomGenerator random;
  private final RandomKind kind;
  private final String plural;
  private final String name;
  private final RandomValues values;
  private final RandomValues right;
  private final Map<String, ObjectNode> lastApplied = new HashMap<>();

  RandomWrites(RandomGenerator random, RandomKind kind, String plural, String name) {
    this.random = random;
    this.kind = kind;
    this.plural = plural;
    this.name = name;
    this.values = new RandomValues(random, WRONGS);
    this.right = new RandomValues(random, 0);
  }

  /**
   * The next one.
   *
   * @param live null while there is no object
   */
  Write next(@Nullable ObjectNode live) {
    String version = "v" + (1 + random.nextInt(kind.versions()));
    if (live == null) {
      lastApplied.clear();
      return random.nextBoolean()
          ? updating(Verb.CREATE, version, "", object(version, ""))
          : applying(version, "");
    }
    String subresource = one(4) ? "status" : "";
    return switch (random.nextInt(20)) {
      case 0, 1, 2 ->
          updating(Verb.REPLACE, version, subresource, replacement(version, subresource, live));
      case 3, 4, 5 -> updating(Verb.MERGE, version, subresource, mergePatch(subresource, live));
      case 6, 7, 8 -> updating(Verb.JSON_PATCH, version, subresource, jsonPatch(subresource, live));
      case 9 -> clientSideApply(version);
      case 10 ->
          one(4)
              ? new Write(one(4) ? Verb.DELETE : Verb.GET, version, "", "", NODES.nullNode(), false)
              : updating(Verb.MERGE, version, "", resetOfOwners());
      default -> applying(version, subresource);
    };
  }

  private boolean one(int of) {
    return random.nextInt(of) == 0;
  }

  private Write updating(Verb verb, String version, String subresource, JsonNode body) {
    String manager = "updater-" + random.nextInt(13);
    return new Write(
        verb, version, subresource, "fieldManager=" + manager + strictness(), body, one(15));
  }

  private String strictness() {
    return one(10) ? "&fieldValidation=" + (one(2) ? "Strict" : "Ignore") : "";
  }

  private Write applying(String version, String subresource) {
    String manager = one(6) ? "kubectl" : "applier-" + random.nextInt(3);
    ObjectNode last = lastApplied.get(manager + subresource);
    ObjectNode configuration = head(version);
    if (last != null && !one(4)) {
      configuration = last.deepCopy().put("apiVersion", apiVersion(version));
      if (!one(5)) {
        String part = writtenThrough(subresource);
        configuration.set(part, changedPart(part, configuration.path(part)));
      } else if (one(2)) {
        setMetadata(configuration);
      }
    } else {
      if (one(3)) {
        setMetadata(configuration);
      }
      if (subresource.isEmpty() || one(4)) {
        configuration.set("spec", values.of(part("spec")));
      }
      if (!subresource.isEmpty() || one(6)) {
        configuration.set("status", values.of(part("status")));
      }
    }
    lastApplied.put(manager + subresource, configuration);
    String query = "fieldManager=" + manager + "&force=" + one(2) + strictness();
    return new Write(Verb.APPLY, version, subresource, query, configuration, one(15));
  }

  private JsonNode changedPart(String part, JsonNode value) {
    return values.changed(part(part), value);
  }

  private ObjectNode part(String name) {
    return RandomValues.fieldOf(kind.schema(), name);
  }

  private static String apiVersion(String version) {
    return RandomKind.GROUP + "/" + version;
  }

  private ObjectNode head(String version) {
    ObjectNode object =
        NODES.objectNode().put("apiVersion", apiVersion(version)).put("kind", "Thing" + plural);
    object.putObject("metadata").put("name", name);
    return object;
  }

  private ObjectNode object(String version, String subresource) {
    ObjectNode object = head(version);
    setMetadata(object);
    String written = writtenThrough(subresource);
    object.set(written, values.of(part(written)));
    if (one(4)) {
      setIgnored(object, written);
    }
    return object;
  }

  private static String writtenThrough(String subresource) {
    return subresource.isEmpty() ? "spec" : "status";
  }

  /**
   * Sets the part that a write to this resource can't change. It fits its schema: of one that does
   * not, Kubernetes 1.36 forgets all owners, later versions and we do not.
   */
  private void setIgnored(ObjectNode object, String written) {
    String ignored = written.equals("spec") ? "status" : "spec";
    object.set(ignored, right.of(part(ignored)));
  }

  private void setMetadata(ObjectNode object) {
    ObjectNode metadata = object.withObjectProperty("metadata");
    for (String field : List.of("labels", "annotations")) {
      if (one(2)) {
        ObjectNode map = metadata.putObject(field);
        values.some(LABELS).forEach(label -> map.set(label, values.text()));
      }
    }
    if (one(5)) {
      ArrayNode finalizers = metadata.putArray("finalizers");
      values.some(FINALIZERS).forEach(finalizers::add);
      // Of two equal ones in two versions, Kubernetes 1.36 forgets all owners.
      if (one(8) && !finalizers.isEmpty() && kind.versions() == 1) {
        finalizers.add(finalizers.get(0));
      }
    }
  }

  private ObjectNode replacement(String version, String subresource, ObjectNode live) {
    ObjectNode object = one(2) ? object(version, subresource) : live.deepCopy();
    object.put("apiVersion", apiVersion(version));
    String part = writtenThrough(subresource);
    if (one(2)) {
      object.set(part, changedPart(part, object.path(part)));
    }
    ObjectNode metadata = object.withObjectProperty("metadata");
    metadata.put("resourceVersion", one(20) ? "" : ServedObject.LIVE);
    metadata.put("uid", one(2) ? "" : ServedObject.LIVE);
    metadata.remove(List.of("creationTimestamp", "generation"));
    metadata.set("managedFields", entries(live));
    return object;
  }

  /** What a client sends of the owners: mostly what it got. */
  private JsonNode entries(ObjectNode live) {
    ArrayNode entries = NODES.arrayNode();
    live.path("metadata").path("managedFields").forEach(entries::add);
    switch (random.nextInt(12)) {
      case 0 -> {
        return NODES.nullNode();
      }
      case 1 -> {
        return NODES.arrayNode();
      }
      case 2 -> {
        return NODES.arrayNode().add(NODES.objectNode());
      }
      case 3 -> {
        if (!entries.isEmpty()) {
          entries.remove(random.nextInt(entries.size()));
        }
      }
      case 4 -> {
        if (!entries.isEmpty()) { // as the migration from client-side apply does it
          ObjectNode entry = entries.get(random.nextInt(entries.size())).deepCopy();
          entries.removeAll().add(entry.put("manager", "kubectl").put("operation", "Apply"));
        }
      }
      case 5 -> {
        if (!entries.isEmpty()) {
          ((ObjectNode) entries.get(0)).put(one(2) ? "fieldsType" : "operation", "nonsense");
        }
      }
      default -> {}
    }
    return entries;
  }

  private ObjectNode mergePatch(String subresource, ObjectNode live) {
    ObjectNode patch = NODES.objectNode();
    if (one(4)) {
      setMetadata(patch);
    }
    if (one(8)) {
      patch.withObjectProperty("metadata").put("resourceVersion", ServedObject.LIVE);
    }
    String part = writtenThrough(subresource);
    ObjectNode schema = part(part);
    JsonNode value = one(2) ? values.of(schema) : changedPart(part, live.path(part).deepCopy());
    if (value instanceof ObjectNode object) {
      List<String> names = new ArrayList<>();
      schema.path("properties").fieldNames().forEachRemaining(names::add);
      names.stream().filter(_ -> one(6)).forEach(object::putNull);
    }
    patch.set(part, value);
    if (one(6)) {
      setIgnored(patch, part);
    }
    return patch;
  }

  private ObjectNode resetOfOwners() {
    ObjectNode patch = NODES.objectNode();
    ArrayNode entries = patch.putObject("metadata").putArray("managedFields");
    if (one(2)) {
      entries.addObject();
    }
    return patch;
  }

  private ArrayNode jsonPatch(String subresource, ObjectNode live) {
    ArrayNode patch = NODES.arrayNode();
    String part = writtenThrough(subresource);
    for (int i = random.nextInt(3); i >= 0; i--) {
      patch.add(operation("/" + part, part(part), live.path(part)));
    }
    if (one(6)) {
      ObjectNode ignored = NODES.objectNode();
      setIgnored(ignored, part);
      ignored
          .properties()
          .forEach(
              field ->
                  patch
                      .addObject()
                      .put("op", "add")
                      .put("path", "/" + field.getKey())
                      .set("value", field.getValue()));
    }
    if (one(10)) {
      ObjectNode operation = patch.addObject();
      operation.put("op", "replace").put("path", "/metadata/managedFields");
      operation.set("value", entries(live));
    }
    return patch;
  }

  private ObjectNode operation(String path, ObjectNode schema, JsonNode value) {
    ObjectNode operation = NODES.objectNode();
    if (value instanceof ObjectNode object && !object.isEmpty() && !one(6)) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      String field = names.get(random.nextInt(names.size()));
      return operation(
          path + "/" + field.replace("~", "~0").replace("/", "~1"),
          RandomValues.fieldOf(schema, field),
          object.path(field));
    }
    if (value instanceof ArrayNode list && !list.isEmpty() && !one(4)) {
      int index = random.nextInt(list.size());
      return operation(path + "/" + index, RandomValues.itemOf(schema), list.get(index));
    }
    if (value instanceof ArrayNode && one(2)) {
      operation.put("op", "add").put("path", path + "/-");
      operation.set("value", values.of(RandomValues.itemOf(schema)));
      return operation;
    }
    switch (random.nextInt(8)) {
      case 0, 1, 2 -> operation.put("op", "remove").put("path", path);
      case 3 -> {
        operation.put("op", "test").put("path", path);
        operation.set("value", value.isValueNode() && !value.isNull() ? value : values.text());
      }
      case 4 -> {
        String target = path.substring(0, Math.max(path.indexOf('/', 1), 0)) + "/alpha";
        operation.put("op", one(2) ? "copy" : "move").put("from", path).put("path", target);
      }
      default -> {
        operation.put("op", one(2) ? "add" : "replace").put("path", path);
        operation.set("value", values.of(schema));
      }
    }
    return operation;
  }

  /** As kubectl apply without --server-side: a merge patch with the annotation. */
  private Write clientSideApply(String version) {
    ObjectNode configuration = head(version);
    configuration.set("spec", values.of(part("spec")));
    ObjectNode patch = configuration.deepCopy();
    patch
        .withObjectProperty("metadata")
        .putObject("annotations")
        .put(LAST_APPLIED, configuration + "\n");
    String query = "fieldManager=kubectl-client-side-apply";
    return new Write(Verb.MERGE, version, "", query, patch, false);
  }
}
