package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.ParsedDocument;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.patch.PatchType;
import dev.holdfast.standalone.read.ListOptions;
import dev.holdfast.standalone.read.Page;
import dev.holdfast.standalone.read.ResourceReader;
import dev.holdfast.standalone.read.Selection;
import dev.holdfast.standalone.read.WatchFeed;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.DeleteOptions;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.resource.WriteOptions;
import dev.holdfast.standalone.resource.Written;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.FieldError.Reason;
import dev.holdfast.standalone.security.Rights;
import dev.holdfast.standalone.store.StoredObject;
import java.io.IOException;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** The verbs, as HTTP requests. */
final class ResourceEndpoint {
  private final ResourceRegistry registry;
  private final ResourceReader reader;
  private final ResourceWriter writer;
  private final Rendering rendering;
  private final WatchEndpoint watches;

  ResourceEndpoint(
      ResourceRegistry registry,
      ResourceReader reader,
      ResourceWriter writer,
      Rendering rendering,
      WatchEndpoint watches) {
    this.registry = registry;
    this.reader = reader;
    this.writer = writer;
    this.rendering = rendering;
    this.watches = watches;
  }

  /** The resource that a path names, or null. */
  @Nullable ResourceType find(ApiPath path) {
    ResourceType type = registry.find(path.group(), path.version(), path.plural());
    if (type == null
        || (!path.namespace().isEmpty() && !type.namespaced())
        || (type.namespaced() && path.namespace().isEmpty() && !path.name().isEmpty())) {
      return null;
    }
    return type;
  }

  /**
   * Serves a request.
   *
   * @return whether the exchange was upgraded to a WebSocket
   */
  boolean serve(Exchange exchange, ApiPath path, ResourceType type, Callback callback)
      throws IOException, InterruptedException {
    Target target = new Target(type, path.namespace(), path.name(), path.subresource());
    Accept accept = Accept.ofResource(type, exchange.header(HttpHeader.ACCEPT));
    boolean collection = path.name().isEmpty();
    boolean watch = path.watch() || (exchange.flag("watch") && collection);
    requireSubresource(target, exchange.method());
    authorize(exchange, target, verb(exchange.method(), collection, watch));
    switch (exchange.method()) {
      case "GET", "HEAD" -> {
        if (watch) {
          return watch(exchange, path, target, accept, callback);
        }
        if (collection) {
          list(exchange, target, accept);
        } else {
          get(exchange, target, accept);
        }
      }
      case "POST" -> create(exchange, target, accept);
      case "PUT" -> update(exchange, target, accept);
      case "PATCH" -> patch(exchange, target, accept);
      case "DELETE" -> {
        if (collection) {
          deleteCollection(exchange, target, accept);
        } else {
          delete(exchange, target, accept);
        }
      }
      default -> throw ApiException.methodNotAllowed(type, "");
    }
    return false;
  }

  private static String verb(String method, boolean collection, boolean watch) {
    return switch (method) {
      case "GET", "HEAD" -> watch ? "watch" : collection ? "list" : "get";
      case "POST" -> "create";
      case "PUT" -> "update";
      case "PATCH" -> "patch";
      case "DELETE" -> collection ? "deletecollection" : "delete";
      default -> "";
    };
  }

  private static void requireSubresource(Target target, String method) {
    ResourceType type = target.type();
    String subresource = target.subresource();
    if (subresource.isEmpty()) {
      return;
    }
    if (!type.subresources().containsKey(subresource)) {
      throw ApiException.notFound(type, target.name());
    }
    if (method.equals("DELETE") || method.equals("POST")) {
      throw ApiException.methodNotAllowed(type, method.equals("POST") ? "create" : "delete");
    }
  }

  private static void authorize(Exchange exchange, Target target, String verb) {
    ResourceType type = target.type();
    if (!Rights.allow(exchange.identity(), verb, type.plural())) {
      throw ApiException.forbidden(
          type,
          target.name(),
          "User \""
              + exchange.identity().user()
              + "\" cannot "
              + verb
              + " resource \""
              + type.plural()
              + "\" in API group \""
              + type.group()
              + "\""
              + (target.namespace().isEmpty()
                  ? " at the cluster scope"
                  : " in the namespace \"" + target.namespace() + "\""),
          null);
    }
  }

  private static ListOptions listOptions(Exchange exchange, ApiPath path, Target target) {
    String fields = exchange.parameter("fieldSelector");
    if (!path.name().isEmpty()) { // an old watch path of one object
      fields = "metadata.name=" + path.name();
    }
    Selection selection =
        Selection.parse(target.type(), exchange.parameter("labelSelector"), fields);
    return ListOptions.parse(selection, exchange::parameter, true);
  }

  private boolean watch(
      Exchange exchange, ApiPath path, Target target, Accept accept, Callback callback)
      throws IOException {
    ListOptions options = listOptions(exchange, path, target);
    WatchFeed feed = reader.watch(target.type(), target.namespace(), options);
    return watches.serve(exchange, target.type(), feed, accept, callback);
  }

  private void list(Exchange exchange, Target target, Accept accept)
      throws IOException, InterruptedException {
    ResourceType type = target.type();
    Selection selection =
        Selection.parse(
            type, exchange.parameter("labelSelector"), exchange.parameter("fieldSelector"));
    ListOptions options = ListOptions.parse(selection, exchange::parameter, false);
    Page page = reader.list(type, target.namespace(), options);
    if (accept.plain() && !exchange.flag("pretty") && Rendering.canBeRaw(type)) {
      exchange.send(200, Exchange.JSON, Rendering.rawList(type, page));
    } else {
      exchange.answer(
          200, rendering.list(type, page, accept, exchange.parameter("includeObject")), accept);
    }
  }

  private void get(Exchange exchange, Target target, Accept accept)
      throws IOException, InterruptedException {
    StoredObject stored = reader.get(target, exchange.parameter("resourceVersion"));
    if (accept.plain() && !exchange.flag("pretty") && target.type().view() == null) {
      exchange.send(200, Exchange.JSON, Exchange.lined(stored.json()));
    } else {
      answer(exchange, target, 200, Target.served(target.type(), stored.json()), accept);
    }
  }

  private void answer(Exchange exchange, Target target, int code, ObjectNode object, Accept accept)
      throws IOException {
    boolean status = object.path("kind").asText().equals("Status");
    exchange.answer(
        code,
        status
            ? object
            : rendering.object(target.type(), object, accept, exchange.parameter("includeObject")),
        accept);
  }

  private void create(Exchange exchange, Target target, Accept accept) throws IOException {
    if (target.type().namespaced() && target.namespace().isEmpty()) {
      throw ApiException.methodNotAllowed(target.type(), "create");
    }
    WriteOptions options = options(exchange, "CreateOptions");
    ParsedDocument document = Bodies.object(exchange, target.type());
    answer(exchange, target, writer.create(target, document, options), accept);
  }

  private void answer(Exchange exchange, Target target, Written written, Accept accept)
      throws IOException {
    answer(exchange, target, written.created() ? 201 : 200, written.object(), accept);
  }

  private void update(Exchange exchange, Target target, Accept accept) throws IOException {
    requireName(target);
    WriteOptions options = options(exchange, "UpdateOptions");
    ParsedDocument document = Bodies.object(exchange, target.type());
    answer(exchange, target, writer.update(target, document, options), accept);
  }

  private void patch(Exchange exchange, Target target, Accept accept) throws IOException {
    requireName(target);
    PatchType patchType = Bodies.patchType(exchange, target.type());
    WriteOptions options = options(exchange, "PatchOptions");
    Written written;
    if (patchType == null) {
      if (exchange.parameter("fieldManager").isEmpty()) {
        throw ApiException.invalidOption(
            "PatchOptions",
            new FieldError(
                Reason.FieldValueRequired,
                "fieldManager",
                "Required value: is required for apply patch"));
      }
      written = writer.apply(target, Bodies.configuration(exchange), options);
    } else {
      JsonNode patch = Bodies.patch(exchange);
      written = writer.patch(target, patchType, patch, options);
    }
    answer(exchange, target, written, accept);
  }

  private static void requireName(Target target) {
    if (target.name().isEmpty()) {
      throw ApiException.badRequest("name must be provided");
    }
  }

  private static WriteOptions options(Exchange exchange, String kind) {
    return WriteOptions.parse(
        kind,
        exchange.parameters("dryRun"),
        exchange.parameter("fieldManager"),
        exchange.parameter("fieldValidation"),
        exchange.flag("force"),
        exchange.header(HttpHeader.USER_AGENT),
        exchange.warnings());
  }

  private static DeleteOptions deleteOptions(Exchange exchange) throws IOException {
    return DeleteOptions.parse(
        Bodies.deleteOptions(exchange),
        exchange.parameters("dryRun"),
        exchange.parameter("propagationPolicy"));
  }

  private void delete(Exchange exchange, Target target, Accept accept) throws IOException {
    Written written = writer.delete(target, deleteOptions(exchange));
    answer(
        exchange,
        target,
        200,
        written.gone() ? Rendering.deleted(target, written.object()) : written.object(),
        accept);
  }

  private void deleteCollection(Exchange exchange, Target target, Accept accept)
      throws IOException, InterruptedException {
    ResourceType type = target.type();
    if (!type.verbs().contains("deletecollection")) {
      throw ApiException.methodNotAllowed(type, "deletecollection");
    }
    DeleteOptions options = deleteOptions(exchange);
    Selection selection =
        Selection.parse(
            type, exchange.parameter("labelSelector"), exchange.parameter("fieldSelector"));
    Function<String, String> parameters =
        name -> name.equals("sendInitialEvents") ? "" : exchange.parameter(name);
    Page page =
        reader.list(type, target.namespace(), ListOptions.parse(selection, parameters, false));
    ObjectNode list = Rendering.emptyList(type, page.revision());
    ArrayNode items = list.putArray("items");
    for (StoredObject object : page.objects()) {
      items.add(Rendering.asItem(type, Target.served(type, object.json())));
      writer.deleteIfThere(
          new Target(type, object.key().namespace(), object.key().name(), ""), options);
    }
    exchange.answer(200, list, accept);
  }
}
