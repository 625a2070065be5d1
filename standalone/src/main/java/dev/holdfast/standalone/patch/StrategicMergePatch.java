package dev.holdfast.standalone.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.patch.PatchException.Kind;
import java.util.ArrayList;
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
          "metadata.ownerReferences",
          "uid",
          "secrets",
          "name",
          "imagePullSecrets",
          "name",
          "status.conditions",
          "type",
          "status.addresses",
          "type");

  /** Lists of scalars with patchStrategy merge. */
  private static final Set<String> SETS =
      Set.of("metadata.finalizers", "spec.finalizers", "spec.podCIDRs");

  private StrategicMergePatch() {}

  static JsonNode apply(ObjectNode live, ObjectNode patch) {
    return merge(live, patch, "");
  }

  private static ObjectNode merge(ObjectNode live, ObjectNode patch, String path) {
    String directive = patch.path(DIRECTIVE).asText();
    switch (directive) {
      case "" -> {}
      case "replace" -> {
        ObjectNode replaced = patch.deepCopy();
        replaced.remove(DIRECTIVE);
        return replaced;
      }
      case "delete" -> {
        return JsonNodeFactory.instance.objectNode();
      }
      default ->
          throw new PatchException(
              Kind.UNKNOWN_DIRECTIVE,
              "unknown patch type: " + directive + " in map: " + Json.goText(patch));
    }
    ObjectNode result = live.deepCopy();
    if (patch.path(RETAIN).isArray()) {
      List<String> retained = new ArrayList<>();
      patch.get(RETAIN).forEach(name -> retained.add(name.asText()));
      result.retain(retained);
    }
    for (Map.Entry<String, JsonNode> change : patch.properties()) {
      String name = change.getKey();
      JsonNode value = change.getValue();
      if (name.startsWith(DELETE)) {
        deleteFrom(result, name.substring(DELETE.length()), value);
      } else if (!name.startsWith("$")) {
        String below = path.isEmpty() ? name : path + "." + name;
        mergeField(result, name, value, below);
      }
    }
    for (Map.Entry<String, JsonNode> change : patch.properties()) {
      if (change.getKey().startsWith(ORDER)) {
        String name = change.getKey().substring(ORDER.length());
        String below = path.isEmpty() ? name : path + "." + name;
        if (result.get(name) instanceof ArrayNode list) {
          result.set(name, ordered(list, change.getValue(), MERGE_KEYS.get(below)));
        }
      }
    }
    return result;
  }

  private static void mergeField(ObjectNode result, String name, JsonNode value, String path) {
    JsonNode live = result.get(name);
    if (value.isNull()) {
      result.remove(name);
    } else if (value instanceof ObjectNode changes) {
      if (changes.path(DIRECTIVE).asText().equals("delete")) {
        result.remove(name);
        return;
      }
      ObjectNode target =
          live instanceof ObjectNode object ? object : JsonNodeFactory.instance.objectNode();
      result.set(name, merge(target, changes, path));
    } else if (value instanceof ArrayNode changes && live instanceof ArrayNode list) {
      String key = MERGE_KEYS.get(path);
      if (key != null) {
        result.set(name, mergeByKey(list, changes, key, path));
      } else if (SETS.contains(path)) {
        ArrayNode union = list.deepCopy();
        changes.forEach(
            item -> {
              if (!contains(union, item)) {
                union.add(item);
              }
            });
        result.set(name, union);
      } else {
        result.set(name, changes.deepCopy());
      }
    } else {
      result.set(name, withoutDirectives(value));
    }
  }

  private static ArrayNode mergeByKey(ArrayNode live, ArrayNode changes, String key, String path) {
    for (JsonNode change : changes) {
      if (change.path(DIRECTIVE).asText().equals("replace")) {
        return (ArrayNode) withoutDirectives(changes);
      }
    }
    ArrayNode untouched = live.deepCopy();
    ArrayNode patched = JsonNodeFactory.instance.arrayNode();
    for (JsonNode change : changes) {
      JsonNode value = change.get(key);
      if (value == null || !(change instanceof ObjectNode patch)) {
        throw new PatchException(
            Kind.MALFORMED, "map: " + change + " does not contain declared merge key: " + key);
      }
      int index = indexOf(untouched, key, value);
      JsonNode item = index < 0 ? null : untouched.remove(index);
      if (!patch.path(DIRECTIVE).asText().equals("delete")) {
        patched.add(
            item instanceof ObjectNode object
                ? merge(object, patch, path)
                : withoutDirectives(patch));
      }
    }
    return interleaved(untouched, patched, live, key);
  }

  /** Both lists in one: what was there before keeps its order, new items stay where they are. */
  private static ArrayNode interleaved(
      ArrayNode untouched, ArrayNode patched, ArrayNode live, String key) {
    ArrayNode result = JsonNodeFactory.instance.arrayNode();
    int next = 0;
    for (JsonNode item : patched) {
      int place = indexOf(live, key, item.path(key));
      while (next < untouched.size() && indexOf(live, key, untouched.get(next).path(key)) < place) {
        result.add(untouched.get(next++));
      }
      result.add(item);
    }
    while (next < untouched.size()) {
      result.add(untouched.get(next++));
    }
    return result;
  }

  private static void deleteFrom(ObjectNode object, String name, JsonNode values) {
    if (object.get(name) instanceof ArrayNode list) {
      for (int i = list.size() - 1; i >= 0; i--) {
        if (contains(values, list.get(i))) {
          list.remove(i);
        }
      }
    }
  }

  /** Items in the given order; those that it does not name keep their place after them. */
  private static ArrayNode ordered(ArrayNode list, JsonNode order, @Nullable String key) {
    ArrayNode result = JsonNodeFactory.instance.arrayNode();
    for (JsonNode wanted : order) {
      for (JsonNode item : list) {
        if (key == null ? item.equals(wanted) : item.path(key).equals(wanted.path(key))) {
          result.add(item);
        }
      }
    }
    for (JsonNode item : list) {
      if (!contains(result, item)) {
        result.add(item);
      }
    }
    return result;
  }

  private static JsonNode withoutDirectives(JsonNode value) {
    if (value instanceof ObjectNode object) {
      ObjectNode result = JsonNodeFactory.instance.objectNode();
      object
          .properties()
          .forEach(
              field -> {
                if (!field.getKey().startsWith("$") && !field.getValue().isNull()) {
                  result.set(field.getKey(), withoutDirectives(field.getValue()));
                }
              });
      return result;
    }
    if (value.isArray()) {
      ArrayNode result = JsonNodeFactory.instance.arrayNode();
      for (JsonNode item : value) {
        if (!(item.isObject() && item.size() == 1 && item.has(DIRECTIVE))) {
          result.add(withoutDirectives(item));
        }
      }
      return result;
    }
    return value;
  }

  private static boolean contains(JsonNode list, JsonNode value) {
    for (JsonNode item : list) {
      if (item.equals(value)) {
        return true;
      }
    }
    return false;
  }

  private static int indexOf(ArrayNode list, String key, JsonNode value) {
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i).path(key).equals(value)) {
        return i;
      }
    }
    return -1;
  }
}
