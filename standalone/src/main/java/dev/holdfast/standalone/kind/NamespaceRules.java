package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;

/** A namespace that is deleted stays, terminating, until it was emptied. */
final class NamespaceRules implements KindRules {
  @Override
  public void prepareCreate(ObjectNode object) {
    complete(object);
    object.withObjectProperty("spec").putArray("finalizers").add("kubernetes");
    object.withObjectProperty("status").put("phase", "Active");
  }

  @Override
  public void prepareUpdate(ObjectNode object, ObjectNode live) {
    complete(object);
    // Only /finalize changes them; else a replace without them would skip the emptying.
    if (live.has("spec")) {
      object.set("spec", live.get("spec").deepCopy());
    }
  }

  /** The label by which selectors find a namespace by its name. */
  private static void complete(ObjectNode object) {
    ObjectNode metadata = object.withObjectProperty("metadata");
    metadata
        .withObjectProperty("labels")
        .put("kubernetes.io/metadata.name", Json.textAt(metadata, "name"));
  }

  @Override
  public void prepareDeletion(ObjectNode object) {
    object.withObjectProperty("status").put("phase", "Terminating");
  }

  @Override
  public boolean keepsWhileTerminating(ObjectNode object) {
    return !Json.at(object, "spec", "finalizers").isEmpty();
  }
}
