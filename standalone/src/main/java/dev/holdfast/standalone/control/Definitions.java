package dev.holdfast.standalone.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.DefinitionRules;
import dev.holdfast.standalone.kind.Kinds;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.resource.Metadata;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.StoredObject;
import java.time.Clock;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Serves what CustomResourceDefinitions define. A definition is served before anybody can see it
 * Established; every step follows from the stored conditions, so that it goes on after a crash.
 */
public final class Definitions {
  private final ResourceRegistry registry;
  private final ResourceWriter writer;
  private final Clock clock;
  private final Emptying emptying;

  public Definitions(ResourceRegistry registry, ResourceWriter writer, Clock clock) {
    this.registry = registry;
    this.writer = writer;
    this.clock = clock;
    this.emptying = new Emptying(writer);
  }

  /** Goes on with all definitions that are stored. */
  public void start() {
    ResourceType type = type();
    for (StoredObject stored : writer.store().list(type.range("")).objects()) {
      written(Json.trusted(stored.json()));
    }
  }

  private ResourceType type() {
    return registry.builtIn("apiextensions.k8s.io", "customresourcedefinitions");
  }

  /** Takes the next step with a definition that was written. */
  public void written(ObjectNode definition) {
    String name = Metadata.name(definition);
    String established = DefinitionRules.condition(definition, "Established");
    if (!established.isEmpty()) {
      registry.serve(name, Kinds.of(definition));
    }
    if (Metadata.terminating(definition)) {
      if (Metadata.finalizers(definition).contains(DefinitionRules.CLEANUP)) {
        empty(definition);
      }
    } else if (established.equals("False")) {
      maintain(name, this::establish);
    } else if (established.isEmpty()
        || !Json.at(definition, "spec", "names")
            .equals(Json.at(definition, "status", "acceptedNames"))) {
      maintain(name, this::acceptNames);
    }
  }

  /** Stops serving a definition that is gone. */
  public void gone(ObjectNode definition) {
    registry.serve(Metadata.name(definition), List.of());
  }

  private void maintain(String name, UnaryOperator<ObjectNode> change) {
    writer.maintain(new Target(type(), "", name, "status"), change);
  }

  private ObjectNode acceptNames(ObjectNode definition) {
    if (DefinitionRules.condition(definition, "Established").isEmpty()) {
      set(definition, "NamesAccepted", "True", "NoConflicts", "no conflicts found");
      set(definition, "Established", "False", "Installing", "the initial names have been accepted");
    }
    JsonNode names = Json.at(definition, "spec", "names");
    definition.withObjectProperty("status").set("acceptedNames", names.deepCopy());
    return definition;
  }

  private ObjectNode establish(ObjectNode definition) {
    String message = "the initial names have been accepted";
    set(definition, "Established", "True", "InitialNamesAccepted", message);
    return definition;
  }

  private void set(
      ObjectNode definition, String type, String value, String reason, String message) {
    String now = Metadata.time(clock.instant());
    DefinitionRules.setCondition(definition, type, value, now, reason, message);
  }

  private void empty(ObjectNode definition) {
    Target target = new Target(type(), "", Metadata.name(definition), "");
    List<ResourceType> types = Kinds.of(definition);
    emptying.begin(
        "definition " + target.name(),
        () -> types.subList(0, Math.min(1, types.size())), // all versions are stored as one
        "",
        () ->
            writer.maintain(
                target, live -> Metadata.withoutFinalizer(live, DefinitionRules.CLEANUP)));
  }
}
