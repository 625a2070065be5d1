package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.Ages;
import dev.holdfast.standalone.kind.PrinterColumn;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.read.Page;
import dev.holdfast.standalone.resource.Metadata;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.store.StoredObject;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;

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

  /** A page of objects in the form that is wanted. */
  ObjectNode list(ResourceType type, Page page, Accept accept, String includeObject) {
    List<ObjectNode> objects =
        page.objects().stream().map(object -> Target.served(type, object.json())).toList();
    ObjectNode list;
    if (accept.table()) {
      list = table(type, objects, Long.toString(page.revision()), true, includeObject);
    } else if (accept.partial()) {
      list = Json.object().put("kind", "PartialObjectMetadataList");
      list.put("apiVersion", "meta.k8s.io/v1");
      list.putObject("metadata").put("resourceVersion", Long.toString(page.revision()));
      ArrayNode items = list.putArray("items");
      objects.forEach(object -> items.add(partial(object)));
    } else {
      list = emptyList(type, page.revision());
      ArrayNode items = list.putArray("items");
      objects.forEach(object -> items.add(asItem(type, object)));
    }
    ObjectNode metadata = (ObjectNode) list.get("metadata");
    if (!page.continueToken().isEmpty()) {
      metadata.put("continue", page.continueToken());
    }
    if (page.remaining() >= 0) {
      metadata.put("remainingItemCount", page.remaining());
    }
    return list;
  }

  /** A page of whole objects as JSON, made of the bytes as they are stored. */
  static byte[] rawList(ResourceType type, Page page) {
    ObjectNode head = emptyList(type, page.revision());
    ObjectNode metadata = (ObjectNode) head.get("metadata");
    if (!page.continueToken().isEmpty()) {
      metadata.put("continue", page.continueToken());
    }
    if (page.remaining() >= 0) {
      metadata.put("remainingItemCount", page.remaining());
    }
    byte[] opening = Json.bytes(head);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(opening, 0, opening.length - 1);
    out.writeBytes(ascii(",\"items\":["));
    boolean first = true;
    for (StoredObject object : page.objects()) {
      if (!first) {
        out.write(',');
      }
      first = false;
      out.writeBytes(object.json());
    }
    out.writeBytes(ascii("]}\n"));
    return out.toByteArray();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  /** Whether {@link #rawList} is right for a type. */
  static boolean canBeRaw(ResourceType type) {
    return type.has(Trait.CUSTOM) && type.view() == null;
  }

  static ObjectNode emptyList(ResourceType type, long revision) {
    ObjectNode list = Json.object().put("kind", type.names().listKind());
    list.put("apiVersion", type.apiVersion());
    ObjectNode metadata = list.putObject("metadata");
    if (type.has(Trait.CUSTOM)) {
      metadata.put("continue", "");
    }
    metadata.put("resourceVersion", Long.toString(revision));
    return list;
  }

  /** Items of typed lists do not repeat what the list says. */
  static ObjectNode asItem(ResourceType type, ObjectNode object) {
    if (!type.has(Trait.CUSTOM)) {
      object.remove(List.of("apiVersion", "kind"));
    }
    return object;
  }

  /** What a client is told of an object that it has deleted, and that nothing held. */
  static ObjectNode deleted(Target target, ObjectNode last) {
    ObjectNode status = Json.object().put("kind", "Status").put("apiVersion", "v1");
    status.set("metadata", Json.object());
    status.put("status", "Success");
    ObjectNode details = status.putObject("details").put("name", target.name());
    if (!target.type().group().isEmpty()) {
      details.put("group", target.type().group());
    }
    details.put("kind", target.type().plural()).put("uid", Metadata.uid(last));
    return status;
  }

  private static ObjectNode partial(ObjectNode object) {
    ObjectNode partial = Json.object().put("kind", "PartialObjectMetadata");
    partial.put("apiVersion", "meta.k8s.io/v1");
    partial.set("metadata", object.path("metadata"));
    return partial;
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
    ObjectNode table = Json.object().put("kind", "Table").put("apiVersion", "meta.k8s.io/v1");
    table.putObject("metadata").put("resourceVersion", resourceVersion);
    if (definitions) {
      ArrayNode columns = table.putArray("columnDefinitions");
      for (PrinterColumn column : type.columns()) {
        columns
            .addObject()
            .put("name", column.name())
            .put("type", column.type())
            .put("format", column.format())
            .put("description", column.description())
            .put("priority", column.priority());
      }
    } else {
      table.putNull("columnDefinitions");
    }
    ArrayNode rows = table.putArray("rows");
    Instant now = clock.instant();
    for (ObjectNode object : objects) {
      ObjectNode row = rows.addObject();
      ArrayNode cells = row.putArray("cells");
      type.columns().forEach(column -> cells.add(cell(column, object, now)));
      switch (includeObject) {
        case "None" -> row.putNull("object");
        case "Object" -> row.set("object", object);
        default -> row.set("object", partial(object));
      }
    }
    return table;
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
