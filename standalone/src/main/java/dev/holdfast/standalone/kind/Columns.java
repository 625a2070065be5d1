package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.JsonPath;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The columns of the built-in kinds, and those that definitions declare. */
final class Columns {
  private static final String NAME_DESCRIPTION =
      "Name must be unique within a namespace. Is required when creating resources, although some"
          + " resources may allow a client to request the generation of an appropriate name"
          + " automatically. Name is primarily intended for creation idempotence and configuration"
          + " definition. Cannot be updated. More info:"
          + " https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
  private static final String CREATED_DESCRIPTION =
      "CreationTimestamp is a timestamp representing the server time when this object was created."
          + " It is not guaranteed to be set in happens-before order across separate operations."
          + " Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\n"
          + "Populated by the system. Read-only. Null for lists. More info:"
          + " https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

  private Columns() {}

  static PrinterColumn name() {
    return new PrinterColumn(
        "Name", "string", "name", NAME_DESCRIPTION, 0, false, at("metadata", "name"));
  }

  private static PrinterColumn age() {
    return created("Age", "string", true);
  }

  private static PrinterColumn created(String name, String type, boolean age) {
    return new PrinterColumn(
        name, type, "", CREATED_DESCRIPTION, 0, age, at("metadata", "creationTimestamp"));
  }

  private static PrinterColumn text(String name, String... path) {
    return column(name, "string", 0, at(path));
  }

  private static PrinterColumn column(
      String name, String type, int priority, Function<ObjectNode, JsonNode> value) {
    return new PrinterColumn(name, type, "", "", priority, false, value);
  }

  private static PrinterColumn seen(String name, int priority, String... fields) {
    return new PrinterColumn(
        name, "string", "", "", priority, true, object -> firstOf(object, fields));
  }

  private static Function<ObjectNode, JsonNode> at(String... path) {
    return object -> Json.at(object, path);
  }

  private static JsonNode firstOf(ObjectNode object, String... fields) {
    for (String field : fields) {
      if (object.hasNonNull(field)) {
        return object.get(field);
      }
    }
    return NullNode.getInstance();
  }

  private static Function<ObjectNode, JsonNode> sizeOf(String... fields) {
    return object -> {
      int size = 0;
      for (String field : fields) {
        size += object.path(field).size();
      }
      return Json.number(size);
    };
  }

  static List<PrinterColumn> ofNamespace() {
    return List.of(name(), text("Status", "status", "phase"), age());
  }

  static List<PrinterColumn> ofSecret() {
    return List.of(
        name(), text("Type", "type"), column("Data", "string", 0, sizeOf("data")), age());
  }

  static List<PrinterColumn> ofConfigMap() {
    return List.of(name(), column("Data", "string", 0, sizeOf("data", "binaryData")), age());
  }

  static List<PrinterColumn> ofServiceAccount() {
    return List.of(name(), column("Secrets", "string", 0, sizeOf("secrets")), age());
  }

  static List<PrinterColumn> ofLease() {
    return List.of(name(), text("Holder", "spec", "holderIdentity"), age());
  }

  static List<PrinterColumn> ofNode() {
    return List.of(
        name(),
        column("Status", "string", 0, Columns::nodeStatus),
        column("Roles", "string", 0, Columns::nodeRoles),
        age(),
        text("Version", "status", "nodeInfo", "kubeletVersion"));
  }

  private static JsonNode nodeStatus(ObjectNode node) {
    String status = "Unknown";
    for (JsonNode condition : Json.at(node, "status", "conditions")) {
      if (condition.path("type").asText().equals("Ready")) {
        status = condition.path("status").asText().equals("True") ? "Ready" : "NotReady";
      }
    }
    boolean unschedulable = Json.at(node, "spec", "unschedulable").asBoolean();
    return TextNode.valueOf(unschedulable ? status + ",SchedulingDisabled" : status);
  }

  private static JsonNode nodeRoles(ObjectNode node) {
    String prefix = "node-role.kubernetes.io/";
    String roles =
        Json.at(node, "metadata", "labels").properties().stream()
            .map(label -> label.getKey())
            .filter(label -> label.startsWith(prefix))
            .map(label -> label.substring(prefix.length()))
            .sorted()
            .collect(Collectors.joining(","));
    return TextNode.valueOf(roles.isEmpty() ? "<none>" : roles);
  }

  static List<PrinterColumn> ofEvent() {
    return List.of(
        seen("Last Seen", 0, "lastTimestamp", "eventTime", "firstTimestamp"),
        text("Type", "type"),
        text("Reason", "reason"),
        column("Object", "string", 0, event -> involved(event.path("involvedObject"))),
        column("Subobject", "string", 1, at("involvedObject", "fieldPath")),
        column("Source", "string", 1, Columns::eventSource),
        text("Message", "message"),
        seen("First Seen", 1, "firstTimestamp", "eventTime"),
        column("Count", "string", 1, event -> Json.number(event.path("count").asLong(1))),
        new PrinterColumn(
            "Name", "string", "name", NAME_DESCRIPTION, 1, false, at("metadata", "name")));
  }

  /** The columns of events.k8s.io, which names the same fields otherwise. */
  static List<PrinterColumn> ofServedEvent() {
    EventView view = new EventView();
    return ofEvent().stream()
        .map(
            column ->
                new PrinterColumn(
                    column.name(),
                    column.type(),
                    column.format(),
                    column.description(),
                    column.priority(),
                    column.age(),
                    served -> {
                      ObjectNode stored = served.deepCopy();
                      view.toStored(stored);
                      return column.value().apply(stored);
                    }))
        .toList();
  }

  private static JsonNode involved(JsonNode reference) {
    return TextNode.valueOf(
        Json.textAt(reference, "kind").toLowerCase(java.util.Locale.ROOT)
            + "/"
            + Json.textAt(reference, "name"));
  }

  private static JsonNode eventSource(ObjectNode event) {
    String component = Json.textAt(event, "source", "component");
    if (component.isEmpty()) {
      component = Json.textAt(event, "reportingComponent");
    }
    String host = Json.textAt(event, "source", "host");
    return TextNode.valueOf(host.isEmpty() ? component : component + ", " + host);
  }

  static List<PrinterColumn> ofDefinition() {
    return List.of(name(), created("Created At", "date", false));
  }

  /**
   * The columns of a version of a definition; the age where it declares none.
   *
   * @throws IllegalArgumentException when a JSONPath is not understood
   */
  static List<PrinterColumn> declared(JsonNode declarations) {
    List<PrinterColumn> columns = new ArrayList<>();
    columns.add(name());
    for (JsonNode declared : declarations) {
      String path = Json.textAt(declared, "jsonPath");
      String type = Json.textAt(declared, "type");
      JsonPath parsed = JsonPath.parse(path);
      columns.add(
          new PrinterColumn(
              Json.textAt(declared, "name"),
              type,
              Json.textAt(declared, "format"),
              declared
                  .path("description")
                  .asText("Custom resource definition column (in JSONPath format): " + path),
              declared.path("priority").asInt(),
              type.equals("date"),
              object -> cell(parsed.find(object), type)));
    }
    if (columns.size() == 1) {
      columns.add(created("Age", "date", true));
    }
    return columns;
  }

  private static JsonNode cell(List<JsonNode> found, String type) {
    if (found.isEmpty()) {
      return NullNode.getInstance();
    }
    if (found.size() == 1) {
      JsonNode value = found.getFirst();
      return type.equals("string") && !value.isNull() && !value.isTextual()
          ? TextNode.valueOf(Json.text(value))
          : value;
    }
    return TextNode.valueOf(
        found.stream()
            .map(value -> value.isValueNode() ? value.asText() : Json.text(value))
            .collect(Collectors.joining(",")));
  }
}
