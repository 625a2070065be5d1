package dev.holdfast.standalone.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.BuiltInKinds;
import dev.holdfast.standalone.kind.DefinitionRules;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.Metadata;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.StoredObject;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves what CustomResourceDefinitions define. A definition is served before anybody can see it
 * Established; every step follows from the stored conditions, so that it goes on after a crash.
 */
public final class Definitions {
  private static final Logger LOG = LoggerFactory.getLogger(Definitions.class);

  private final ResourceRegistry registry;
  private final ResourceWriter writer;
  private final Clock clock;
  private final Set<String> emptying = ConcurrentHashMap.newKeySet();

  public Definitions(ResourceRegistry registry, ResourceWriter writer, Clock clock) {
    this.registry = registry;
    this.writer = writer;
    this.clock = clock;
  }

  /** Goes on with all definitions that are stored. */
  public void start() {
    ResourceType type = type();
    for (StoredObject stored : writer.store().list(type.range("")).objects()) {
      written(Json.trusted(stored.json()));
    }
  }

  private ResourceType type() {
    ResourceType type =
        registry.find(BuiltInKinds.DEFINITIONS_GROUP, "v1", BuiltInKinds.DEFINITIONS);
    if (type == null) {
      throw new IllegalStateException("the kind of definitions is not registered");
    }
    return type;
  }

  /** Takes the next step with a definition that was written. */
  public void written(ObjectNode definition) {
    String name = Metadata.name(definition);
    if (Metadata.terminating(definition)) {
      registry.serve(name, DefinitionRules.types(definition));
      if (Metadata.finalizers(definition).contains(DefinitionRules.CLEANUP)
          && emptying.add(Metadata.uid(definition))) {
        Thread.ofVirtual().name("empty-" + name).start(() -> empty(definition));
      }
      return;
    }
    String established = condition(definition, "Established");
    switch (established) {
      case "" -> maintain(definition, this::acceptNames);
      case "False" -> {
        registry.serve(name, DefinitionRules.types(definition));
        maintain(definition, this::establish);
      }
      default -> {
        registry.serve(name, DefinitionRules.types(definition));
        if (!acceptedNames(definition).equals(Json.at(definition, "status", "acceptedNames"))) {
          maintain(definition, this::acceptNames);
        }
      }
    }
  }

  /** Stops serving a definition that is gone. */
  public void gone(ObjectNode definition) {
    registry.serve(Metadata.name(definition), List.of());
    emptying.remove(Metadata.uid(definition));
  }

  private void maintain(
      ObjectNode definition, java.util.function.UnaryOperator<ObjectNode> change) {
    writer.maintain(new Target(type(), "", Metadata.name(definition), "status"), change);
  }

  private static String condition(ObjectNode definition, String type) {
    for (JsonNode condition : Json.at(definition, "status", "conditions")) {
      if (Json.textAt(condition, "type").equals(type)) {
        return Json.textAt(condition, "status");
      }
    }
    return "";
  }

  private ObjectNode acceptNames(ObjectNode definition) {
    ObjectNode status = definition.withObjectProperty("status");
    if (!status.path("conditions").isArray()) {
      status.putArray("conditions");
    }
    if (condition(definition, "NamesAccepted").isEmpty()) {
      set(status, "NamesAccepted", "True", "NoConflicts", "no conflicts found");
      set(status, "Established", "False", "Installing", "the initial names have been accepted");
    }
    status.set("acceptedNames", acceptedNames(definition));
    return definition;
  }

  private static ObjectNode acceptedNames(ObjectNode definition) {
    ObjectNode names = Json.object();
    JsonNode wanted = Json.at(definition, "spec", "names");
    for (String field :
        List.of("plural", "singular", "shortNames", "kind", "listKind", "categories")) {
      if (wanted.has(field)) {
        names.set(field, wanted.get(field).deepCopy());
      }
    }
    return names;
  }

  private ObjectNode establish(ObjectNode definition) {
    set(
        definition.withObjectProperty("status"),
        "Established",
        "True",
        "InitialNamesAccepted",
        "the initial names have been accepted");
    return definition;
  }

  private void set(ObjectNode status, String type, String value, String reason, String message) {
    ArrayNode conditions = status.withArrayProperty("conditions");
    List<JsonNode> others = new ArrayList<>();
    conditions.forEach(
        condition -> {
          if (!Json.textAt(condition, "type").equals(type)) {
            others.add(condition);
          }
        });
    conditions.removeAll();
    conditions.addAll(others);
    conditions
        .addObject()
        .put("type", type)
        .put("status", value)
        .put("lastTransitionTime", Metadata.time(clock.instant()))
        .put("reason", reason)
        .put("message", message);
  }

  private void empty(ObjectNode definition) {
    String name = Metadata.name(definition);
    try {
      List<ResourceType> types = DefinitionRules.types(definition);
      List<ResourceType> one = types.isEmpty() ? List.of() : List.of(types.getFirst());
      if (new Emptying(writer).empty(() -> one, "")) {
        writer.maintain(
            new Target(type(), "", name, ""),
            live -> {
              List<String> finalizers = new ArrayList<>(Metadata.finalizers(live));
              finalizers.remove(DefinitionRules.CLEANUP);
              Metadata.setFinalizers(live, finalizers);
              return live;
            });
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.error("The objects of {} could not be deleted; a restart tries again", name, e);
      emptying.remove(Metadata.uid(definition));
    }
  }
}
