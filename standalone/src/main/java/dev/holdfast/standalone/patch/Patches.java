package dev.holdfast.standalone.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Applies patches; never changes its arguments. */
public final class Patches {
  private Patches() {}

  /**
   * The patched object, as a new tree.
   *
   * @throws PatchException when the patch is malformed or does not fit
   */
  public static ObjectNode apply(PatchType type, ObjectNode live, JsonNode patch) {
    JsonNode result =
        switch (type) {
          case JSON -> JsonPatch.apply(live, patch);
          case MERGE -> MergePatch.apply(live, object(patch));
          case STRATEGIC_MERGE -> StrategicMergePatch.apply(live, object(patch));
        };
    if (result instanceof ObjectNode object) {
      return object;
    }
    throw PatchException.notApplicable();
  }

  private static ObjectNode object(JsonNode patch) {
    if (patch instanceof ObjectNode object) {
      return object;
    }
    throw PatchException.wrongType(patch, "map[string]interface {}");
  }
}
