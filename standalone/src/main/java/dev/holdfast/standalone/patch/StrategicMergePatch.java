package dev.holdfast.standalone.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.patch.PatchException.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Strategic merge patch for the built-in kinds that are served: a merge patch whose lists merge
 * where the Go types say so, with the directives that kubectl sends. After strategicpatch/patch.go
 * of apimachinery.
 */
final class StrategicMergePatch {
  private static final String DIRECTIVE = "$patch";
  private static final String ORDER = "$setElementOrder/";
  private static final String DELETE = "$deleteFromPrimitiveList/";
  private static final String RETAIN = "$retainKeys";

  /** patchMergeKey of the Go types by the path of a list that merges; none where it has scalars. */
  private static final Map<String, String> MERGE_KEYS =
      Map.of(
          "metadata.finalizers", "",
          "metadata.ownerReferences", "uid",
          "secrets", "name",
          "imagePullSecrets", "name",
          "spec.finalizers", "",
          "spec.podCIDRs", "",
          "status.conditions", "type",
          "status.addresses", "type");

  private StrategicMergePatch() {}

  static ObjectNode apply(ObjectNode live, ObjectNode patch) {
    ObjectNode result = live.deepCopy();
    merge(result, patch, "");
    return result;
  }

  /** Changes an object in place; {@code path} ends with a dot, but for the object itself. */
  private static void merge(ObjectNode object, ObjectNode patch, String path) {
    String directive = Json.textAt(patch, DIRECTIVE);
    if (directive.equals("replace") || directive.equals("delete")) {
      object.removeAll();
      if (directive.equals("replace")) {
        object.setAll(patch.deepCopy());
        object.remove(DIRECTIVE);
      }
      return;
    }
    if (!directive.isEmpty()) {
      throw new PatchException(
          Kind.UNKNOWN_DIRECTIVE,
          "unknown patch type: " + directive + " in map: " + Json.goText(patch));
    }
    if (patch.has(RETAIN)) {
      object.retain(Json.textsAt(patch, RETAIN));
    }
    for (Map.Entry<String, JsonNode> change : patch.properties()) {
      String name = change.getKey();
      if (!name.startsWith("$")) {
        mergeField(object, name, change.getValue(), path, patch);
      } else if (name.startsWith(DELETE) || name.startsWith(ORDER)) {
        String list = name.substring(name.indexOf('/') + 1);
        if (!patch.has(list) && object.path(list).isArray()) {
          mergeField(object, list, Json.array(), path, patch);
        }
      }
    }
  }

  private static void mergeField(
      ObjectNode object, String name, JsonNode value, String parent, ObjectNode patch) {
    String path = parent + name;
    String key = MERGE_KEYS.get(path);
    JsonNode live = object.get(name);
    if (value.isNull() || Json.textAt(value, DIRECTIVE).equals("delete")) {
      object.remove(name);
    } else if (value instanceof ObjectNode below) {
      merge(live instanceof ObjectNode it ? it : object.putObject(name), below, path + ".");
    } else if (value.isArray() && key != null) {
      ArrayNode list = live instanceof ArrayNode it ? it : object.putArray(name);
      List<JsonNode> changes = Json.items(value);
      Map<JsonNode, JsonNode> items = new LinkedHashMap<>();
      list.forEach(item -> items.put(identity(item, key), item));
      List<JsonNode> before = List.copyOf(items.keySet());
      items.keySet().removeAll(Json.items(patch.path(DELETE + name)));
      if (changes.removeIf(change -> Json.textAt(change, DIRECTIVE).equals("replace"))) {
        items.clear();
      }
      for (JsonNode change : changes) {
        items.compute(identity(change, key), (_, item) -> mergedItem(item, change, path));
      }
      List<JsonNode> order =
          patch.has(ORDER + name) ? Json.items(patch.get(ORDER + name)) : changes;
      list.removeAll();
      inOrder(items.keySet(), order.stream().map(item -> identity(item, key)).toList(), before)
          .forEach(identity -> list.add(items.get(identity)));
    } else {
      object.set(name, withoutDirectives(value));
    }
  }

  private static JsonNode identity(JsonNode item, String key) {
    if (!key.isEmpty() && !item.has(key)) {
      throw new PatchException(
          Kind.UNKNOWN_DIRECTIVE,
          "map: " + Json.goText(item) + " does not contain declared merge key: " + key);
    }
    return key.isEmpty() ? item : item.get(key);
  }

  private static @Nullable JsonNode mergedItem(
      @Nullable JsonNode item, JsonNode change, String path) {
    if (Json.textAt(change, DIRECTIVE).equals("delete")) {
      return null;
    }
    if (item instanceof ObjectNode object && change instanceof ObjectNode patch) {
      merge(object, patch, path + ".");
      return object;
    }
    return withoutDirectives(change);
  }

  /** Those that are named in that order, each of the others before the next that it was before. */
  private static List<JsonNode> inOrder(
      Set<JsonNode> all, List<JsonNode> named, List<JsonNode> before) {
    Deque<JsonNode> others = new ArrayDeque<>(all);
    others.removeAll(named);
    List<JsonNode> result = new ArrayList<>();
    for (JsonNode next : named) {
      while (!others.isEmpty() && before.indexOf(others.element()) < before.indexOf(next)) {
        result.add(others.remove());
      }
      result.add(next);
    }
    result.addAll(others);
    result.retainAll(all);
    return result;
  }

  private static JsonNode withoutDirectives(JsonNode value) {
    if (value instanceof ObjectNode object) {
      ObjectNode result = Json.object();
      object.properties().stream()
          .filter(field -> !field.getKey().startsWith("$") && !field.getValue().isNull())
          .forEach(field -> result.set(field.getKey(), withoutDirectives(field.getValue())));
      return result;
    }
    if (value.isArray()) {
      ArrayNode result = Json.array();
      Json.items(value).stream()
          .filter(item -> !(item.size() == 1 && item.has(DIRECTIVE)))
          .forEach(item -> result.add(withoutDirectives(item)));
      return result;
    }
    return value;
  }
}
