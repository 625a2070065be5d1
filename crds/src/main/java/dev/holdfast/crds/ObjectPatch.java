package dev.holdfast.crds;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Operations of JSON patches (RFC 6902) that do nothing to another object of the same name, which
 * may have been made since the object was read.
 */
public final class ObjectPatch {
  private ObjectPatch() {}

  /** Fails the patch unless this is still the same object. */
  public static Map<String, Object> isStill(HasMetadata object) {
    return Map.of("op", "test", "path", "/metadata/uid", "value", object.getMetadata().getUid());
  }

  /**
   * Takes the node agent's finalizer away. Fails if the list of finalizers has changed meanwhile,
   * so that nobody else's is removed.
   *
   * @return empty where the object does not have it
   */
  public static Optional<List<Map<String, Object>>> withoutAgentFinalizer(HasMetadata object) {
    int index = object.getMetadata().getFinalizers().indexOf(Holdfast.NODE_AGENT_FINALIZER);
    if (index < 0) {
      return Optional.empty();
    }
    String path = "/metadata/finalizers/" + index;
    return Optional.of(
        List.of(
            isStill(object),
            Map.of("op", "test", "path", path, "value", Holdfast.NODE_AGENT_FINALIZER),
            Map.of("op", "remove", "path", path)));
  }
}
