package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import org.jspecify.annotations.Nullable;

/** A namespace that is deleted stays, terminating, until it was emptied. */
final class NamespaceRules implements KindRules {
  @Override
  public ObjectNode blank() {
    ObjectNode blank = Json.object();
    blank.putObject("spec").putArray("finalizers").add("kubernetes");
    return blank;
  }

  @Override
  public void prepare(ObjectNode object, @Nullable ObjectNode live) {
    ObjectNode metadata = object.withObjectProperty("metadata");
    metadata // the label by which selectors find a namespace by its name
        .withObjectProperty("labels")
        .put("kubernetes.io/metadata.name", Json.textAt(metadata, "name"));
    if (live == null) {
      object.withObjectProperty("spec").putArray("finalizers").add("kubernetes");
      object.withObjectProperty("status").put("phase", "Active");
    }
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
