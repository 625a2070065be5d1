package dev.holdfast.standalone.http;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.Yaml;
import dev.holdfast.standalone.kind.Ages;
import dev.holdfast.standalone.kind.PrinterColumn;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.read.Page;
import dev.holdfast.standalone.resource.Metadata;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.StoredObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Objects and lists as whole objects, as tables, and as metadata only. */
final class Rendering {
  private final Clock clock;

  Rendering(Clock clock) {
    this.clock = clock;
  }

  /** An object in the form that is wanted. */
  ObjectNode object(ResourceType type, ObjectNode object, Accept accept, String includeObject) {
    if (accept.table()) {
      return table(type, List.of(object), Metadata.resourceVersion(object), true, includeObject);
    }
    return accept.partial() ? partial(object) : object;
  }

  /** A page of objects in the form that is wanted, each made when it is sent. */
  Exchange.Answer list(
      ResourceType type, Page page, Accept accept, Exchange exchange, boolean raw) {
    String includeObject = exchange.parameter("includeObject");
    ObjectNode list;
    String field = "items";
    Function<ObjectNode, ObjectNode> form;
    if (accept.table()) {
      list = table(type, List.of(), Long.toString(page.revision()), true, includeObject);
      field = "rows";
      Instant now = clock.instant();
      form = object -> row(type, object, now, includeObject);
    } else if (accept.partial()) {
      list = Json.object().put("kind", "PartialObjectMetadataList");
      list.put("apiVersion", "meta.k8s.io/v1").putObject("metadata");
      form = Rendering::partial;
    } else {
      list = Json.object().put("kind", type.names().listKind());
      list.put("apiVersion", type.apiVersion()).putObject("metadata");
      form = object -> asItem(type, object);
    }
    describe(
        (ObjectNode) list.get("metadata"), page, accept.as().isEmpty() && type.has(Trait.CUSTOM));
    list.putArray(field);
    Function<StoredObject, ObjectNode> item = o -> form.apply(Target.served(type, o.json()));
    if (accept.yaml() || exchange.flag("pretty")) {
      return Exchange.stream(
          accept.yaml() ? "application/yaml" : Exchange.JSON,
          out -> {
            try (JsonGenerator to = accept.yaml() ? Yaml.generator(out) : Json.generator(out)) {
              write(list, page.objects(), item, to, exchange);
            }
            out.write(accept.yaml() ? new byte[0] : new byte[] {'\n'});
          });
    }
    boolean asStored = raw && type.has(Trait.CUSTOM);
    return Exchange.stream(
        Exchange.JSON,
        out -> {
          byte[] opening = Json.bytes(list);
          out.write(opening, 0, opening.length - 2); // without "]}"
          String separator = "";
          for (StoredObject object : page.objects()) {
            out.write(separator.getBytes(StandardCharsets.US_ASCII));
            if (asStored) {
              out.write(object.json());
            } else {
              try (Pool.Share _ = exchange.send(object.json().length)) {
                out.write(Json.bytes(item.apply(object)));
              }
            }
            separator = ",";
          }
          out.write("]}\n".getBytes(StandardCharsets.US_ASCII));
        });
  }

  /** Writes a list whose last field, still empty, gets the items. */
  private static void write(
      ObjectNode list,
      List<StoredObject> objects,
      Function<StoredObject, ObjectNode> item,
      JsonGenerator to,
      Exchange exchange)
      throws IOException, InterruptedException {
    to.writeStartObject();
    for (Map.Entry<String, JsonNode> field : list.properties()) {
      to.writeFieldName(field.getKey());
      if (field.getValue() instanceof ArrayNode array && array.isEmpty()) {
        to.writeStartArray();
        for (StoredObject object : objects) {
          try (Pool.Share _ = exchange.send((long) object.json().length * Work.MEMORY_PER_BYTE)) {
            to.writeTree(item.apply(object));
          }
        }
        to.writeEndArray();
      } else {
        to.writeTree(field.getValue());
      }
    }
    to.writeEndObject();
  }

  private static void describe(ObjectNode metadata, Page page, boolean alwaysContinued) {
    if (alwaysContinued) {
      metadata.put("continue", "");
    }
    metadata.put("resourceVersion", Long.toString(page.revision()));
    if (!page.continueToken().isEmpty()) {
      metadata.put("continue", page.continueToken());
    }
    if (page.remaining() >= 0) {
      metadata.put("remainingItemCount", page.remaining());
    }
  }

  /** Items of typed lists do not repeat what the list says. */
  private static ObjectNode asItem(ResourceType type, ObjectNode object) {
    if (!type.has(Trait.CUSTOM)) {
      object.remove(List.of("apiVersion", "kind"));
    }
    return object;
  }

  /** What a client is told of an object that it has deleted, and that nothing held. */
  static ObjectNode deleted(Target target, ObjectNode last) {
    ResourceType type = target.type();
    return Json.object(
        "kind", "Status",
        "apiVersion", "v1",
        "metadata", Json.object(),
        "status", "Success",
        "details",
            Json.object(
                "name", target.name(),
                "group", type.group().isEmpty() ? null : type.group(),
                "kind", type.plural(),
                "uid", Metadata.uid(last)));
  }

  private static ObjectNode partial(ObjectNode object) {
    return Json.object(
        "kind", "PartialObjectMetadata",
        "apiVersion", "meta.k8s.io/v1",
        "metadata", object.path("metadata"));
  }

  /**
   * A table of objects.
   *
   * @param definitions whether to describe the columns; a watch does so only once
   */
  ObjectNode table(
      ResourceType type,
      List<ObjectNode> objects,
      String resourceVersion,
      boolean definitions,
      String includeObject) {
    List<ObjectNode> columns =
        type.columns().stream()
            .map(
                column ->
                    Json.object(
                        "name", column.name(),
                        "type", column.type(),
                        "format", column.format(),
                        "description", column.description(),
                        "priority", column.priority()))
            .toList();
    ObjectNode table =
        Json.object(
            "kind",
            "Table",
            "apiVersion",
            "meta.k8s.io/v1",
            "metadata",
            Json.object("resourceVersion", resourceVersion),
            "columnDefinitions",
            definitions ? columns : NullNode.getInstance());
    ArrayNode rows = table.putArray("rows");
    Instant now = clock.instant();
    objects.forEach(object -> rows.add(row(type, object, now, includeObject)));
    return table;
  }

  private static ObjectNode row(
      ResourceType type, ObjectNode object, Instant now, String includeObject) {
    ObjectNode row = Json.object();
    ArrayNode cells = row.putArray("cells");
    type.columns().forEach(column -> cells.add(cell(column, object, now)));
    return switch (includeObject) {
      case "None" -> row.putNull("object");
      case "Object" -> row.set("object", object);
      default -> row.set("object", partial(object));
    };
  }

  private static JsonNode cell(PrinterColumn column, ObjectNode object, Instant now) {
    JsonNode value = column.value().apply(object);
    boolean nothing = value.isMissingNode() || value.isNull();
    if (!column.age()) {
      return nothing ? NullNode.getInstance() : value;
    }
    if (nothing) {
      return column.type().equals("date") ? NullNode.getInstance() : TextNode.valueOf("<unknown>");
    }
    try {
      return TextNode.valueOf(Ages.of(Duration.between(Instant.parse(value.asText()), now)));
    } catch (DateTimeParseException e) {
      return TextNode.valueOf("<invalid>");
    }
  }
}
