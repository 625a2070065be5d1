package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.JsonPath;
import dev.holdfast.standalone.json.Yaml;
import dev.holdfast.standalone.schema.StructuralSchema;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The resources that are there before any definition. */
public final class BuiltInKinds {
  public static final String DEFINITIONS_GROUP = "apiextensions.k8s.io";
  public static final String DEFINITIONS = "customresourcedefinitions";

  private static final Set<Trait> PLAIN =
      EnumSet.of(Trait.UNCONDITIONAL_UPDATE, Trait.STRATEGIC_MERGE);
  private static final List<String> EVENT_FIELDS =
      List.of(
          "involvedObject.kind",
          "involvedObject.namespace",
          "involvedObject.name",
          "involvedObject.uid",
          "involvedObject.apiVersion",
          "involvedObject.resourceVersion",
          "involvedObject.fieldPath",
          "reason",
          "reportingComponent",
          "source",
          "type");

  private final JsonNode schemas;
  private final List<ResourceType> types = new ArrayList<>();

  private BuiltInKinds(JsonNode schemas) {
    this.schemas = schemas;
  }

  /**
   * All of them.
   *
   * @param definitionRules what happens when a CustomResourceDefinition is written
   */
  public static List<ResourceType> all(KindRules definitionRules) {
    BuiltInKinds kinds = new BuiltInKinds(Yaml.resource(BuiltInKinds.class, "built-in.yaml"));
    kinds.addCore();
    kinds.addEvents();
    kinds.add(
        "coordination.k8s.io",
        names("leases", "Lease"),
        true,
        EnumSet.of(Trait.CREATE_ON_UPDATE, Trait.STRATEGIC_MERGE),
        Columns.ofLease(),
        Map.of(),
        KindRules.NONE);
    kinds.add(
        DEFINITIONS_GROUP,
        new Names(
            DEFINITIONS,
            "customresourcedefinition",
            "CustomResourceDefinition",
            "CustomResourceDefinitionList",
            List.of("crd", "crds"),
            List.of("api-extensions")),
        false,
        EnumSet.of(Trait.STATUS, Trait.GENERATION, Trait.STRATEGIC_MERGE),
        Columns.ofDefinition(),
        Map.of(),
        definitionRules);
    return kinds.types;
  }

  private void addCore() {
    add(
        "",
        names("namespaces", "Namespace", "ns"),
        false,
        EnumSet.of(
            Trait.STATUS,
            Trait.UNCONDITIONAL_UPDATE,
            Trait.STRATEGIC_MERGE,
            Trait.NO_DELETE_COLLECTION),
        Columns.ofNamespace(),
        Map.of("status.phase", JsonPath.parse(".status.phase")),
        new NamespaceRules());
    add(
        "",
        names("nodes", "Node", "no"),
        false,
        EnumSet.of(Trait.STATUS, Trait.UNCONDITIONAL_UPDATE, Trait.STRATEGIC_MERGE),
        Columns.ofNode(),
        Map.of("spec.unschedulable", JsonPath.parse(".spec.unschedulable")),
        KindRules.NONE);
    add(
        "",
        names("configmaps", "ConfigMap", "cm"),
        true,
        PLAIN,
        Columns.ofConfigMap(),
        Map.of(),
        SecretRules.ofConfigMap());
    add(
        "",
        names("secrets", "Secret"),
        true,
        PLAIN,
        Columns.ofSecret(),
        Map.of("type", JsonPath.parse(".type")),
        SecretRules.ofSecret());
    add(
        "",
        names("serviceaccounts", "ServiceAccount", "sa"),
        true,
        EnumSet.of(Trait.STRATEGIC_MERGE),
        Columns.ofServiceAccount(),
        Map.of(),
        KindRules.NONE);
  }

  private void addEvents() {
    Map<String, JsonPath> core = new HashMap<>();
    EVENT_FIELDS.forEach(
        field ->
            core.put(
                field, JsonPath.parse(field.equals("source") ? ".source.component" : "." + field)));
    Set<Trait> traits =
        EnumSet.of(Trait.CREATE_ON_UPDATE, Trait.UNCONDITIONAL_UPDATE, Trait.STRATEGIC_MERGE);
    types.add(
        type(
            "",
            "CoreEvent",
            names("events", "Event", "ev"),
            true,
            traits,
            Columns.ofEvent(),
            core,
            null,
            KindRules.NONE));
    Map<String, JsonPath> served = new HashMap<>();
    core.forEach(
        (field, path) -> {
          String name =
              field
                  .replace("involvedObject", "regarding")
                  .replace("reportingComponent", "reportingController");
          served.put(
              name,
              JsonPath.parse(field.equals("source") ? ".deprecatedSource.component" : "." + name));
        });
    types.add(
        type(
            "events.k8s.io",
            "Event",
            names("events", "Event", "ev"),
            true,
            traits,
            Columns.ofServedEvent(),
            served,
            new EventView(),
            KindRules.NONE));
  }

  private static Names names(String plural, String kind, String... shortNames) {
    return new Names(
        plural, kind.toLowerCase(Locale.ROOT), kind, kind + "List", List.of(shortNames), List.of());
  }

  private void add(
      String group,
      Names names,
      boolean namespaced,
      Set<Trait> traits,
      List<PrinterColumn> columns,
      Map<String, JsonPath> selectableFields,
      KindRules rules) {
    types.add(
        type(
            group,
            names.kind(),
            names,
            namespaced,
            traits,
            columns,
            selectableFields,
            null,
            rules));
  }

  private ResourceType type(
      String group,
      String schemaName,
      Names names,
      boolean namespaced,
      Set<Trait> traits,
      List<PrinterColumn> columns,
      Map<String, JsonPath> selectableFields,
      @Nullable View view,
      KindRules rules) {
    ObjectNode schema = (ObjectNode) schemas.get(schemaName);
    return new ResourceType(
        group,
        "v1",
        view == null ? group : "",
        names,
        namespaced,
        traits,
        new Lazy<>(() -> StructuralSchema.parse(schema)),
        schema,
        columns,
        selectableFields,
        view,
        rules);
  }
}
