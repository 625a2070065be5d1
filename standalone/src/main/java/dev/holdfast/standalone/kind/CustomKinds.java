package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.JsonPath;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The resources that a CustomResourceDefinition makes: one per served version. */
final class CustomKinds {
  private CustomKinds() {}

  /** The name of the version in which objects are stored. */
  static String storageVersion(ObjectNode definition) {
    for (JsonNode version : Json.at(definition, "spec", "versions")) {
      if (version.path("storage").asBoolean()) {
        return Json.textAt(version, "name");
      }
    }
    return "";
  }

  static List<ResourceType> of(ObjectNode definition) {
    String group = Json.textAt(definition, "spec", "group");
    String stored = group + "/" + storageVersion(definition);
    List<ResourceType> types = new ArrayList<>();
    for (JsonNode version : Json.at(definition, "spec", "versions")) {
      if (version.path("served").asBoolean()) {
        types.add(type(definition, version, group, stored));
      }
    }
    return types;
  }

  private static ResourceType type(
      ObjectNode definition, JsonNode version, String group, String stored) {
    JsonNode names = Json.at(definition, "spec", "names");
    String name = Json.textAt(version, "name");
    Set<Trait> traits = EnumSet.of(Trait.CUSTOM, Trait.GENERATION);
    if (Json.at(version, "subresources").hasNonNull("status")) {
      traits.add(Trait.STATUS);
    }
    Map<String, JsonPath> fields = new HashMap<>();
    for (JsonNode field : version.path("selectableFields")) {
      String path = Json.textAt(field, "jsonPath");
      fields.put(path.startsWith(".") ? path.substring(1) : path, JsonPath.parse(path));
    }
    ObjectNode schema = Json.objectAt(version, "schema", "openAPIV3Schema");
    String served = group + "/" + name;
    return new ResourceType(
        group,
        name,
        group,
        new Names(
            Json.textAt(names, "plural"),
            Json.textAt(names, "singular"),
            Json.textAt(names, "kind"),
            Json.textAt(names, "listKind"),
            Json.textsAt(names, "shortNames"),
            Json.textsAt(names, "categories")),
        Json.textAt(definition, "spec", "scope").equals("Namespaced"),
        traits,
        new Lazy<>(() -> parse(schema)),
        schema,
        Columns.declared(version.path("additionalPrinterColumns")),
        fields,
        served.equals(stored) ? null : View.ofVersions(stored, served),
        KindRules.NONE);
  }

  private static StructuralSchema parse(@Nullable ObjectNode schema) {
    return schema == null ? StructuralSchema.deduced() : StructuralSchema.parse(schema);
  }
}
