package dev.holdfast.standalone.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.patch.PatchException.Kind;
import io.fabric8.zjsonpatch.CompatibilityFlags;
import io.fabric8.zjsonpatch.JsonPatchException;
import java.util.EnumSet;
import java.util.Map;

/** JSON patch, RFC 6902, with the answers of Kubernetes to what is wrong. */
final class JsonPatch {
  /** What an operation must have besides its path. */
  private static final Map<String, String> OPERATIONS =
      Map.of(
          "add", "value", "remove", "path", "replace", "value", "move", "from", "copy", "from",
          "test", "value");

  /** MaxJSONPatchOperations of apiserver. */
  private static final int MAXIMUM_OPERATIONS = 10_000;

  /** AccumulatedCopySizeLimit of apiserver. */
  private static final int MAXIMUM_COPIED_BYTES = 3 << 20;

  private JsonPatch() {}

  static JsonNode apply(ObjectNode live, JsonNode patch) {
    check(patch);
    try {
      JsonNode state = live;
      ArrayNode part = Json.array();
      long copied = 0;
      for (JsonNode operation : patch) {
        if (operation.path("op").asText().equals("copy")) {
          // Each copy may double what there is, so that it is weighed before it is done.
          state = applyPart(part, state);
          part = Json.array();
          copied += Json.bytes(state.at(operation.path("from").asText())).length;
          if (copied > MAXIMUM_COPIED_BYTES) {
            throw PatchException.notApplicable();
          }
        }
        part.add(operation);
      }
      return applyPart(part, state);
    } catch (JsonPatchException | IllegalArgumentException | IllegalStateException e) {
      throw PatchException.notApplicable();
    }
  }

  private static JsonNode applyPart(ArrayNode patch, JsonNode state) {
    // By default the library lets a removal of nothing pass; RFC 6902 and Kubernetes do not.
    return io.fabric8.zjsonpatch.JsonPatch.apply(
        patch, state, EnumSet.of(CompatibilityFlags.FORBID_REMOVE_MISSING_OBJECT));
  }

  /** The library does not tell what is malformed from what does not fit. */
  private static void check(JsonNode patch) {
    if (!patch.isArray()) {
      throw PatchException.wrongType(patch, "[]handlers.jsonPatchOp");
    }
    if (patch.size() > MAXIMUM_OPERATIONS) {
      throw new PatchException(
          Kind.MALFORMED,
          "The allowed maximum operations in a JSON patch is %d, got %d"
              .formatted(MAXIMUM_OPERATIONS, patch.size()));
    }
    for (JsonNode operation : patch) {
      String needed = OPERATIONS.get(operation.path("op").asText());
      String fault = "";
      if (needed == null) {
        fault = "unsupported operation";
      } else if (!operation.path("path").isTextual()) {
        fault = "missing path";
      } else if (!operation.path(needed).isTextual()
          && !(needed.equals("value") && operation.has(needed))) {
        fault = "missing " + needed;
      }
      if (!fault.isEmpty()) {
        throw new PatchException(Kind.MALFORMED, "invalid operation " + operation + ": " + fault);
      }
    }
  }
}
