package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.http.Exchange.Answer;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.kind.Trait;
import dev.holdfast.standalone.patch.PatchType;
import dev.holdfast.standalone.read.ListOptions;
import dev.holdfast.standalone.read.Page;
import dev.holdfast.standalone.read.ResourceReader;
import dev.holdfast.standalone.read.Selection;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.DeleteOptions;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.resource.Target;
import dev.holdfast.standalone.resource.WriteOptions;
import dev.holdfast.standalone.resource.Written;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.FieldError.Reason;
import dev.holdfast.standalone.security.Rights;
import dev.holdfast.standalone.security.Rule;
import dev.holdfast.standalone.store.StoredObject;
import java.util.Locale;
import java.util.function.Function;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/** The verbs, as HTTP requests. */
final class ResourceEndpoint {
  private final ResourceRegistry registry;
  private final ResourceReader reader;
  private final ResourceWriter writer;
  private final Rights rights;
  private final Rendering rendering;
  private final WatchEndpoint watches;

  ResourceEndpoint(
      ResourceRegistry registry,
      ResourceReader reader,
      ResourceWriter writer,
      Rights rights,
      Rendering rendering,
      WatchEndpoint watches) {
    this.registry = registry;
    this.reader = reader;
    this.writer = writer;
    this.rights = rights;
    this.rendering = rendering;
    this.watches = watches;
  }

  /** As discovery names them in lower case. */
  private enum Verb {
    GET,
    LIST,
    WATCH,
    CREATE,
    UPDATE,
    PATCH,
    DELETE,
    DELETECOLLECTION;

    static Verb of(Exchange exchange, ApiPath path, ResourceType type) {
      boolean collection = path.name().isEmpty();
      boolean watch = path.watch() || (exchange.flag("watch") && collection);
      return switch (exchange.method()) {
        case "GET", "HEAD" -> watch ? WATCH : collection ? LIST : GET;
        case "POST" -> CREATE;
        case "PUT" -> UPDATE;
        case "PATCH" -> PATCH;
        case "DELETE" -> collection ? DELETECOLLECTION : DELETE;
        default -> throw ApiException.methodNotAllowed(type, "");
      };
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What a request asks for, and in which form. */
  private record Call(Exchange exchange, Target target, Accept accept) {
    ResourceType type() {
      return target.type();
    }

    String parameter(String name) {
      return exchange.parameter(name);
    }

    /** Whether objects are answered as they are stored. */
    boolean raw() {
      return accept.plain() && !exchange.flag("pretty") && type().view() == null;
    }
  }

  /** The resource that a path names, or null. */
  @Nullable ResourceType find(ApiPath path) {
    ResourceType type = registry.find(path.group(), path.version(), path.plural());
    boolean fits =
        type != null
            && (type.namespaced()
                ? !path.namespace().isEmpty() || path.name().isEmpty()
                : path.namespace().isEmpty());
    return fits ? type : null;
  }

  /** The size of the stored object that a path names, in bytes; 0 when there is none. */
  long size(ApiPath path) {
    ResourceType type = find(path);
    StoredObject stored =
        type == null || path.name().isEmpty()
            ? null
            : writer.store().get(type.key(path.namespace(), path.name()));
    return stored == null ? 0 : stored.json().length;
  }

  Answer serve(Exchange exchange, ApiPath path, ResourceType type) throws InterruptedException {
    Target target = new Target(type, path.namespace(), path.name(), path.subresource());
    Accept accept = Accept.ofResource(type, exchange.header(HttpHeader.ACCEPT));
    Verb verb = Verb.of(exchange, path, type);
    requireSubresource(target, verb);
    authorize(exchange, target, verb);
    if (!type.deprecation().isEmpty()) {
      exchange.warnings().add(type.deprecation());
    }
    Call call = new Call(exchange, target, accept);
    return switch (verb) {
      case GET -> get(call);
      case LIST -> list(call);
      case WATCH -> watch(call);
      case CREATE -> create(call);
      case UPDATE -> update(call);
      case PATCH -> patch(call);
      case DELETE -> delete(call);
      case DELETECOLLECTION -> deleteCollection(call);
    };
  }

  private static void requireSubresource(Target target, Verb verb) {
    ResourceType type = target.type();
    String subresource = target.subresource();
    if (!subresource.isEmpty() && !type.subresources().containsKey(subresource)) {
      throw type.has(Trait.CUSTOM)
          ? ApiException.notFound(type, target.name())
          : ApiException.noSuchResource();
    }
    if (!subresource.isEmpty() && (verb == Verb.CREATE || verb == Verb.DELETE)) {
      throw ApiException.methodNotAllowed(type, verb.toString());
    }
  }

  private void authorize(Exchange exchange, Target target, Verb verb) {
    ResourceType type = target.type();
    String resource =
        target.subresource().isEmpty() ? type.plural() : type.plural() + "/" + target.subresource();
    if (!rights.allow(
        exchange.identity(),
        new Rule.Action(
            verb.toString(), type.group(), resource, target.namespace(), target.name()))) {
      String where =
          target.namespace().isEmpty()
              ? "at the cluster scope"
              : "in the namespace \"" + target.namespace() + "\"";
      throw ApiException.forbidden(
          type,
          target.name(),
          "User \"%s\" cannot %s resource \"%s\" in API group \"%s\" %s"
              .formatted(exchange.identity().user(), verb, resource, type.group(), where),
          null);
    }
  }

  /** For what creates an object that is not there. */
  private void authorizeCreation(Call call) {
    if (writer.store().get(call.target().key()) == null) {
      authorize(call.exchange(), call.target(), Verb.CREATE);
    }
  }

  private static ListOptions listOptions(Call call, String fields, boolean watch) {
    Selection selection = Selection.parse(call.type(), call.parameter("labelSelector"), fields);
    return ListOptions.parse(selection, call::parameter, watch);
  }

  private Answer watch(Call call) throws InterruptedException {
    String name = call.target().name(); // in an old watch path of one object
    String fields = name.isEmpty() ? call.parameter("fieldSelector") : "metadata.name=" + name;
    ListOptions options = listOptions(call, fields, true);
    return watches.answer(
        call.exchange(),
        call.type(),
        reader.watch(call.type(), call.target().namespace(), options),
        call.accept());
  }

  private Page page(Call call, Function<String, String> parameters) throws InterruptedException {
    Selection selection =
        Selection.parse(
            call.type(), call.parameter("labelSelector"), call.parameter("fieldSelector"));
    ListOptions options = ListOptions.parse(selection, parameters, false);
    return reader.list(call.type(), call.target().namespace(), options);
  }

  private Answer list(Call call) throws InterruptedException {
    return rendering.list(
        call.type(), page(call, call::parameter), call.accept(), call.exchange(), call.raw());
  }

  private Answer get(Call call) throws InterruptedException {
    StoredObject stored = reader.get(call.target(), call.parameter("resourceVersion"));
    return call.raw()
        ? Exchange.bytes(200, Exchange.JSON, Exchange.lined(stored.json()))
        : object(call, 200, Target.served(call.type(), stored.json()));
  }

  private Answer object(Call call, int code, ObjectNode object) {
    return call.exchange()
        .answer(
            code,
            rendering.object(call.type(), object, call.accept(), call.parameter("includeObject")),
            call.accept());
  }

  private Answer written(Call call, Written written) {
    return object(call, written.created() ? 201 : 200, written.object());
  }

  private Answer create(Call call) {
    if (call.type().namespaced() && call.target().namespace().isEmpty()) {
      throw ApiException.methodNotAllowed(call.type(), "create");
    }
    WriteOptions options = options(call.exchange(), "CreateOptions");
    return written(
        call, writer.create(call.target(), Bodies.object(call.exchange(), call.type()), options));
  }

  private Answer update(Call call) {
    requireName(call.target());
    if (call.type().has(Trait.CREATE_ON_UPDATE)) {
      authorizeCreation(call);
    }
    WriteOptions options = options(call.exchange(), "UpdateOptions");
    return written(
        call, writer.update(call.target(), Bodies.object(call.exchange(), call.type()), options));
  }

  private Answer patch(Call call) {
    requireName(call.target());
    PatchType type = Bodies.patchType(call.exchange(), call.type());
    WriteOptions options = options(call.exchange(), "PatchOptions");
    if (type != null) {
      return written(
          call, writer.patch(call.target(), type, Bodies.patch(call.exchange()), options));
    }
    if (call.parameter("fieldManager").isEmpty()) {
      throw ApiException.invalidOption(
          "PatchOptions",
          new FieldError(
              Reason.FieldValueRequired,
              "fieldManager",
              "Required value: is required for apply patch"));
    }
    authorizeCreation(call);
    return written(
        call, writer.apply(call.target(), Bodies.configuration(call.exchange()), options));
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

  private static DeleteOptions deleteOptions(Exchange exchange) {
    return DeleteOptions.parse(
        Bodies.deleteOptions(exchange),
        exchange.parameters("dryRun"),
        exchange.parameter("propagationPolicy"));
  }

  private Answer delete(Call call) {
    Written written = writer.delete(call.target(), deleteOptions(call.exchange()));
    ObjectNode object = written.object();
    return written.gone()
        ? call.exchange().answer(200, Rendering.deleted(call.target(), object), call.accept())
        : object(call, 200, object);
  }

  private Answer deleteCollection(Call call) throws InterruptedException {
    ResourceType type = call.type();
    if (!type.verbs().contains("deletecollection")) {
      throw ApiException.methodNotAllowed(type, "deletecollection");
    }
    DeleteOptions options = deleteOptions(call.exchange());
    Page page = page(call, name -> name.equals("sendInitialEvents") ? "" : call.parameter(name));
    for (StoredObject object : page.objects()) {
      Target target = new Target(type, object.key().namespace(), object.key().name(), "");
      writer.deleteIfThere(target, options);
    }
    Page deleted = new Page(page.revision(), page.objects(), "", -1);
    Accept whole = new Accept(call.accept().yaml(), "", "");
    return rendering.list(type, deleted, whole, call.exchange(), call.raw());
  }
}
