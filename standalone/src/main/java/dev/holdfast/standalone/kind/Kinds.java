package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.Suppliers;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.JsonPath;
import dev.holdfast.standalone.json.Yaml;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The resources that definitions make: those of CustomResourceDefinitions, one per served version,
 * and the built-in ones, which are defined in nearly the same form.
 */
public final class Kinds {
  private static final ObjectNode DATA = Yaml.resource(Kinds.class, "built-in.yaml");

  private Kinds() {}

  /**
   * The resources that are there before any definition.
   *
   * @param definitionRules what happens when a CustomResourceDefinition is written
   */
  public static List<ResourceType> builtIn(KindRules definitionRules) {
    Map<String, KindRules> rules =
        Map.of(
            "Namespace", new NamespaceRules(),
            "Secret", new SecretRules(true),
            "ConfigMap", new SecretRules(false),
            "CustomResourceDefinition", definitionRules);
    List<ResourceType> types = new ArrayList<>();
    for (JsonNode kind : DATA.path("kinds")) {
      Set<Trait> traits = EnumSet.noneOf(Trait.class);
      kind.path("traits").forEach(trait -> traits.add(Trait.valueOf(trait.asText())));
      Map<String, String> subresources = texts(kind.path("subresources"));
      List<PrinterColumn> columns =
          Json.items(kind.path("columns")).stream().map(PrinterColumn::of).toList();
      ObjectNode blank = Json.objectAt(kind, "blank");
      KindRules own =
          blank == null
              ? rules.getOrDefault(Json.textAt(kind, "names", "kind"), KindRules.NONE)
              : KindRules.withBlank(blank);
      types.add(type(kind, kind, traits, subresources, columns, view(kind), own));
    }
    return types;
  }

  private static @Nullable View view(JsonNode kind) {
    String stored = Json.textAt(kind, "storedAs", "apiVersion");
    String served = Json.textAt(kind, "group") + "/" + Json.textAt(kind, "name");
    Map<String, String> fields = texts(Json.at(kind, "storedAs", "fields"));
    return stored.isEmpty() ? null : new View(stored, served, fields);
  }

  /** The resources that a CustomResourceDefinition makes, by the versions that it serves. */
  public static List<ResourceType> of(ObjectNode definition) {
    JsonNode spec = definition.path("spec");
    String group = Json.textAt(spec, "group") + "/";
    String stored = group + storageVersion(definition);
    Set<Trait> traits = EnumSet.of(Trait.CUSTOM, Trait.GENERATION);
    List<ResourceType> types = new ArrayList<>();
    for (JsonNode version : spec.path("versions")) {
      String served = group + Json.textAt(version, "name");
      View view = served.equals(stored) ? null : new View(stored, served, Map.of());
      Map<String, String> subresources =
          version.path("subresources").hasNonNull("status") ? Map.of("status", "status") : Map.of();
      if (version.path("served").asBoolean()) {
        List<PrinterColumn> columns = columns(version);
        types.add(type(spec, version, traits, subresources, columns, view, KindRules.NONE));
      }
    }
    return types;
  }

  /** The name of the version in which objects are stored. */
  static String storageVersion(ObjectNode definition) {
    return Json.items(Json.at(definition, "spec", "versions")).stream()
        .filter(version -> version.path("storage").asBoolean())
        .map(version -> Json.textAt(version, "name"))
        .findFirst()
        .orElse("");
  }

  /**
   * The columns of a version of a CustomResourceDefinition; the age where it declares none.
   *
   * @throws IllegalArgumentException when a JSONPath is not understood
   */
  static List<PrinterColumn> columns(JsonNode version) {
    List<PrinterColumn> columns = new ArrayList<>();
    columns.add(PrinterColumn.of(Json.at(DATA, "columns", "name")));
    for (JsonNode declared : version.path("additionalPrinterColumns")) {
      columns.add(PrinterColumn.ofCustom(declared));
    }
    if (columns.size() == 1) {
      columns.add(PrinterColumn.of(Json.at(DATA, "columns", "customAge")));
    }
    return columns;
  }

  private static ResourceType type(
      JsonNode spec,
      JsonNode version,
      Set<Trait> traits,
      Map<String, String> subresources,
      List<PrinterColumn> columns,
      @Nullable View view,
      KindRules rules) {
    ObjectNode schema = Json.objectAt(version, "schema", "openAPIV3Schema");
    Map<String, JsonPath> fields = new HashMap<>();
    for (JsonNode field : version.path("selectableFields")) {
      String path = Json.textAt(field, "jsonPath");
      String label = field.path("label").asText(path.startsWith(".") ? path.substring(1) : path);
      fields.put(label, JsonPath.parse(path));
    }
    return new ResourceType(
        Json.textAt(spec, "group"),
        Json.textAt(version, "name"),
        Names.of(spec.path("names")),
        Json.textAt(spec, "scope").equals("Namespaced"),
        traits,
        subresources,
        Suppliers.memoize(
            () -> schema == null ? StructuralSchema.deduced() : StructuralSchema.accepted(schema)),
        schema,
        columns,
        fields,
        deprecation(spec, version),
        view,
        rules);
  }

  private static String deprecation(JsonNode spec, JsonNode version) {
    if (!version.path("deprecated").asBoolean()) {
      return "";
    }
    String group = Json.textAt(spec, "group") + "/";
    String name = Json.textAt(version, "name");
    String kind = " " + Json.textAt(spec, "names", "kind");
    String better =
        Json.items(spec.path("versions")).stream()
            .filter(each -> each.path("served").asBoolean())
            .filter(each -> !each.path("deprecated").asBoolean())
            .map(each -> Json.textAt(each, "name"))
            .filter(each -> ResourceType.BEST_VERSION_FIRST.compare(each, name) < 0)
            .min(ResourceType.BEST_VERSION_FIRST)
            .map(each -> "; use " + group + each + kind)
            .orElse("");
    return version
        .path("deprecationWarning")
        .asText(group + name + kind + " is deprecated" + better);
  }

  private static Map<String, String> texts(JsonNode map) {
    Map<String, String> texts = new HashMap<>();
    map.properties().forEach(entry -> texts.put(entry.getKey(), entry.getValue().asText()));
    return texts;
  }
}
