package dev.holdfast.standalone.kind;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.JsonPath;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * One column of {@code kubectl get}.
 *
 * @param type OpenAPI type
 * @param age whether the value is a time that is shown as the time since then
 * @param priority 0 is always shown, more only with {@code -o wide}
 * @param value what to show of an object; null or missing shows nothing
 */
public record PrinterColumn(
    String name,
    String type,
    String format,
    String description,
    int priority,
    boolean age,
    Function<ObjectNode, JsonNode> value) {

  /** What built-in kinds show of the values at their paths, of which any may be missing. */
  private static final Map<String, Function<List<JsonNode>, JsonNode>> SHOWN =
      Map.of(
          "first", PrinterColumn::first,
          "count", found -> Json.number(found.getFirst().asLong(1)),
          "size", found -> Json.number(found.stream().mapToInt(JsonNode::size).sum()),
          "reference", found -> reference(found.getFirst()),
          "eventSource", PrinterColumn::eventSource,
          "nodeStatus", found -> nodeStatus(found.getFirst(), found.getLast().asBoolean()),
          "nodeRoles", found -> nodeRoles(found.getFirst()));

  /**
   * A column as {@code built-in.yaml} describes it.
   *
   * @throws IllegalArgumentException when its JSONPath is not understood
   */
  static PrinterColumn of(JsonNode column) {
    String type = Json.textAt(column, "type");
    JsonPath path = JsonPath.parse(Json.textAt(column, "jsonPath"));
    List<JsonPath> paths = Json.textsAt(column, "of").stream().map(JsonPath::parse).toList();
    Function<List<JsonNode>, JsonNode> shown = SHOWN.get(Json.textAt(column, "show"));
    return new PrinterColumn(
        Json.textAt(column, "name"),
        type,
        Json.textAt(column, "format"),
        Json.textAt(column, "description"),
        column.path("priority").asInt(),
        column.path("age").asBoolean(),
        shown == null
            ? object -> cell(path.find(object), type)
            : object -> shown.apply(paths.stream().map(it -> first(it.find(object))).toList()));
  }

  /**
   * A column that a definition declares.
   *
   * @throws IllegalArgumentException when its JSONPath is not understood
   */
  static PrinterColumn ofCustom(JsonNode declared) {
    String path = Json.textAt(declared, "jsonPath");
    ObjectNode column = Json.object();
    column.put("description", "Custom resource definition column (in JSONPath format): " + path);
    declared.properties().forEach(field -> column.set(field.getKey(), field.getValue()));
    column.put("age", Json.textAt(declared, "type").equals("date")).remove("show");
    return of(column);
  }

  private static JsonNode cell(List<JsonNode> found, String type) {
    if (found.isEmpty()) {
      return NullNode.getInstance();
    }
    JsonNode value = found.getFirst(); // as the real server, which shows no more than that
    return type.equals("string") && !value.isNull() && !value.isTextual()
        ? TextNode.valueOf(Json.text(value))
        : value;
  }

  private static JsonNode first(List<JsonNode> found) {
    return found.stream()
        .filter(value -> !value.isNull() && !value.isMissingNode())
        .findFirst()
        .orElse(MissingNode.getInstance());
  }

  private static JsonNode reference(JsonNode to) {
    String kind = Json.textAt(to, "kind").toLowerCase(Locale.ROOT);
    return TextNode.valueOf(kind + "/" + Json.textAt(to, "name"));
  }

  /** Of the source, the reporting component and its instance. */
  private static JsonNode eventSource(List<JsonNode> found) {
    String component = Json.textAt(found.getFirst(), "component");
    String host = Json.textAt(found.getFirst(), "host");
    String instance = host.isEmpty() ? found.getLast().asText() : host;
    return TextNode.valueOf(
        (component.isEmpty() ? found.get(1).asText() : component)
            + (instance.isEmpty() ? "" : ", " + instance));
  }

  private static JsonNode nodeStatus(JsonNode conditions, boolean unschedulable) {
    String status =
        Json.items(conditions).stream()
            .filter(condition -> Json.textAt(condition, "type").equals("Ready"))
            .map(ready -> Json.textAt(ready, "status").equals("True") ? "Ready" : "NotReady")
            .findFirst()
            .orElse("Unknown");
    return TextNode.valueOf(unschedulable ? status + ",SchedulingDisabled" : status);
  }

  private static JsonNode nodeRoles(JsonNode labels) {
    String prefix = "node-role.kubernetes.io/";
    String roles =
        labels.properties().stream()
            .map(Map.Entry::getKey)
            .filter(label -> label.startsWith(prefix))
            .map(label -> label.substring(prefix.length()))
            .sorted()
            .collect(Collectors.joining(","));
    return TextNode.valueOf(roles.isEmpty() ? "<none>" : roles);
  }
}
