package dev.holdfast.standalone.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.patch.PatchException.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
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

  /** patchMergeKey of the Go types, by the path of the list. */
  private static final Map<String, String> MERGE_KEYS =
      Map.of(
          "metadata.ownerReferences", "uid",
          "secrets", "name",
          "imagePullSecrets", "name",
          "status.conditions", "type",
          "status.addresses", "type");

  /** Lists of scalars with patchStrategy merge. */
  private static final Set<String> SETS =
      Set.of("metadata.finalizers", "spec.finalizers", "spec.podCIDRs");

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
      if (name.startsWith(DELETE)
          && object.get(name.substring(DELETE.length())) instanceof ArrayNode list) {
        List<JsonNode> kept = new ArrayList<>(Json.items(list));
        kept.removeAll(Json.items(change.getValue()));
        list.removeAll().addAll(kept);
      } else if (!name.startsWith("$")) {
        mergeField(object, name, change.getValue(), path + name);
      }
    }
    for (Map.Entry<String, JsonNode> change : patch.properties()) {
      String name = change.getKey().substring(change.getKey().indexOf('/') + 1);
      if (change.getKey().startsWith(ORDER) && object.get(name) instanceof ArrayNode list) {
        order(list, change.getValue(), MERGE_KEYS.get(path + name));
      }
    }
  }

  private static void mergeField(ObjectNode object, String name, JsonNode value, String path) {
    JsonNode live = object.get(name);
    if (value.isNull() || Json.textAt(value, DIRECTIVE).equals("delete")) {
      object.remove(name);
    } else if (value instanceof ObjectNode patch) {
      merge(live instanceof ObjectNode below ? below : object.putObject(name), patch, path + ".");
    } else if (value.isArray() && live instanceof ArrayNode list && MERGE_KEYS.containsKey(path)) {
      mergeByKey(list, value, path);
    } else if (value.isArray() && live instanceof ArrayNode list && SETS.contains(path)) {
      value.forEach(
          item -> list.addAll(Json.items(list).contains(item) ? List.of() : List.of(item)));
    } else {
      object.set(name, withoutDirectives(value));
    }
  }

  private static void mergeByKey(ArrayNode list, JsonNode changes, String path) {
    String key = String.valueOf(MERGE_KEYS.get(path));
    for (JsonNode change : changes) {
      if (Json.textAt(change, DIRECTIVE).equals("replace")) {
        list.removeAll().addAll(Json.items(withoutDirectives(changes)));
        return;
      }
    }
    List<JsonNode> keys = Json.items(list).stream().map(item -> item.path(key)).toList();
    List<JsonNode> untouched = new ArrayList<>(Json.items(list));
    list.removeAll();
    for (JsonNode change : changes) {
      if (!(change instanceof ObjectNode patch) || !patch.has(key)) {
        throw new PatchException(
            Kind.MALFORMED, "map: " + change + " does not contain declared merge key: " + key);
      }
      List<JsonNode> left = untouched.stream().map(item -> item.path(key)).toList();
      int index = left.indexOf(patch.get(key));
      JsonNode item = index < 0 ? null : untouched.remove(index);
      if (!Json.textAt(patch, DIRECTIVE).equals("delete")) {
        if (item instanceof ObjectNode object) {
          merge(object, patch, path + ".");
          list.add(object);
        } else {
          list.add(withoutDirectives(patch));
        }
      }
    }
    interleave(list, untouched, keys, key);
  }

  /** Adds the rest: what was there before keeps its order, new items stay where they are. */
  private static void interleave(
      ArrayNode list, List<JsonNode> rest, List<JsonNode> keys, String key) {
    List<JsonNode> patched = Json.items(list);
    list.removeAll();
    Deque<JsonNode> next = new ArrayDeque<>(rest);
    for (JsonNode item : patched) {
      int place = keys.indexOf(item.path(key));
      while (!next.isEmpty() && keys.indexOf(next.element().path(key)) < place) {
        list.add(next.remove());
      }
      list.add(item);
    }
    list.addAll(next);
  }

  /** Items in the given order; those that it does not name keep their place after them. */
  private static void order(ArrayNode list, JsonNode order, @Nullable String key) {
    List<JsonNode> left = new ArrayList<>(Json.items(list));
    list.removeAll();
    for (JsonNode wanted : order) {
      left.removeIf(
          item -> {
            boolean turn =
                key == null ? item.equals(wanted) : item.path(key).equals(wanted.path(key));
            if (turn) {
              list.add(item);
            }
            return turn;
          });
    }
    list.addAll(left);
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
