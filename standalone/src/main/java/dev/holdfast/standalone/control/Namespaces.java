package dev.holdfast.standalone.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.Metadata;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.resource.Target;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Empties namespaces that are being deleted, then lets them go. Nothing can be created in such a
 * namespace any more, so that one that was found empty stays so.
 */
final class Namespaces {
  private static final Logger LOG = LoggerFactory.getLogger(Namespaces.class);

  private final ResourceRegistry registry;
  private final ResourceWriter writer;
  private final Set<String> emptying = ConcurrentHashMap.newKeySet();

  Namespaces(ResourceRegistry registry, ResourceWriter writer) {
    this.registry = registry;
    this.writer = writer;
  }

  /** Looks at a namespace that was written. */
  void written(ObjectNode namespace) {
    String name = Metadata.name(namespace);
    if (Metadata.terminating(namespace)
        && !Json.at(namespace, "spec", "finalizers").isEmpty()
        && emptying.add(name)) {
      Thread.ofVirtual().name("empty-" + name).start(() -> empty(name));
    }
  }

  private void empty(String name) {
    try {
      if (new Emptying(writer).empty(this::types, name)) {
        ResourceType type = registry.find("", "v1", "namespaces");
        if (type != null) {
          writer.maintain(new Target(type, "", name, "finalize"), Namespaces::release);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.error("Namespace {} could not be emptied; a restart tries again", name, e);
    } finally {
      emptying.remove(name);
    }
  }

  private List<ResourceType> types() {
    return registry.all().stream().filter(ResourceType::namespaced).toList();
  }

  private static ObjectNode release(ObjectNode namespace) {
    namespace.withObjectProperty("spec").remove("finalizers");
    return namespace;
  }
}
