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
    return live.deepCopy();
  }
}
