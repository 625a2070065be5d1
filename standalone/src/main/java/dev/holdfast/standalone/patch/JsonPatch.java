package dev.holdfast.standalone.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.patch.PatchException.Kind;
import io.fabric8.zjsonpatch.CompatibilityFlags;
import io.fabric8.zjsonpatch.JsonPatchException;
import java.util.EnumSet;
import java.util.Set;

/** JSON patch, RFC 6902, with the answers of Kubernetes to what is wrong. */
final class JsonPatch {
  private static final Set<String> OPERATIONS =
      Set.of("add", "remove", "replace", "move", "copy", "test");
  private static final Set<String> WITH_VALUE = Set.of("add", "replace", "test");

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
            throw notApplicable();
          }
        }
        part.add(operation);
      }
      return applyPart(part, state);
    } catch (JsonPatchException | IllegalArgumentException e) {
      throw notApplicable();
    }
  }

  private static JsonNode applyPart(ArrayNode patch, JsonNode state) {
    // By default the library lets a removal of nothing pass; RFC 6902 and Kubernetes do not.
    return io.fabric8.zjsonpatch.JsonPatch.apply(
        patch, state, EnumSet.of(CompatibilityFlags.FORBID_REMOVE_MISSING_OBJECT));
  }

  private static PatchException notApplicable() {
    return new PatchException(
        Kind.NOT_APPLICABLE, "the server rejected our request due to an error in our request");
  }

  private static void check(JsonNode patch) {
    if (!patch.isArray()) {
      throw new PatchException(
          Kind.MALFORMED,
          "error decoding patch: json: cannot unmarshal "
              + Json.goType(patch)
              + " into Go value of type []handlers.jsonPatchOp");
    }
    if (patch.size() > MAXIMUM_OPERATIONS) {
      throw new PatchException(
          Kind.MALFORMED,
          "The allowed maximum operations in a JSON patch is %d, got %d"
              .formatted(MAXIMUM_OPERATIONS, patch.size()));
    }
    for (JsonNode operation : patch) {
      String name = operation.path("op").asText();
      if (!OPERATIONS.contains(name)) {
        throw malformed(operation, "unsupported operation");
      }
      if (!operation.path("path").isTextual()) {
        throw malformed(operation, "missing path");
      }
      if (WITH_VALUE.contains(name) && !operation.has("value")) {
        throw malformed(operation, "missing value");
      }
      if ((name.equals("move") || name.equals("copy")) && !operation.path("from").isTextual()) {
        throw malformed(operation, "missing from");
      }
    }
  }

  private static PatchException malformed(JsonNode operation, String fault) {
    return new PatchException(Kind.MALFORMED, "invalid operation " + operation + ": " + fault);
  }
}
