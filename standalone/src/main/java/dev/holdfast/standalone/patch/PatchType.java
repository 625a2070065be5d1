package dev.holdfast.standalone.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The patches that are computed without knowing field ownership. */
public enum PatchType {
  /** RFC 6902. */
  JSON,
  /** RFC 7386. */
  MERGE,
  /** Kubernetes' own, for built-in kinds only. */
  STRATEGIC_MERGE;

  /**
   * The patched object, as a new tree.
   *
   * @throws PatchException when the patch is malformed or does not fit
   */
  public ObjectNode apply(ObjectNode live, JsonNode patch) {
    JsonNode result =
        switch (this) {
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
