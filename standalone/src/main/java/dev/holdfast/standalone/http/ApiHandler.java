package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.backup.Snapshot;
import dev.holdfast.standalone.http.Exchange.Answer;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.openapi.OpenApi;
import dev.holdfast.standalone.openapi.OpenApiV2;
import dev.holdfast.standalone.read.ResourceReader;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.security.Identity;
import dev.holdfast.standalone.security.Rights;
import dev.holdfast.standalone.store.Listing;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.Range;
import dev.holdfast.standalone.store.StoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Every request: who asks, what for, and what to answer when it fails. */
final class ApiHandler extends Handler.Abstract {
  private static final Logger LOG = LoggerFactory.getLogger(ApiHandler.class);
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final List<String> HEALTH = List.of("healthz", "livez", "readyz");
  private static final List<String> CHECKS = List.of("ping", "store");
  private static final int OPEN_API_BYTES = 1 << 20;
  private static final String MINOR = "33"; // the Kubernetes whose behaviour clients may expect

  private final ObjectStore store;
  private final Rights rights;
  private final Connections connections;
  private final Work work;
  private final ResourceEndpoint endpoint;
  private final Discovery discovery;
  private final OpenApi openApi;

  ApiHandler(
      ResourceRegistry registry,
      ResourceReader reader,
      ResourceWriter writer,
      Rights rights,
      ServerWebSocketContainer sockets,
      Connections connections,
      int port,
      Clock clock) {
    this.store = writer.store();
    this.rights = rights;
    this.connections = connections;
    this.work = new Work(Runtime.getRuntime().maxMemory());
    Rendering rendering = new Rendering(clock);
    this.endpoint =
        new ResourceEndpoint(
            registry,
            reader,
            writer,
            rights,
            rendering,
            new WatchEndpoint(sockets, connections, rendering));
    this.discovery = new Discovery(registry, port);
    this.openApi = new OpenApi(registry, Reviews.PLURALS.keySet());
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Identity client = identity(request);
    String other = request.getHeaders().get("Impersonate-User");
    Identity identity =
        client instanceof Identity.Admin && other != null
            ? Identity.impersonated(other, request.getHeaders().getValuesList("Impersonate-Group"))
            : client;
    Exchange exchange =
        new Exchange(
            request,
            response,
            callback,
            identity == null ? new Identity.Admin() : identity,
            client == null ? Connections.STRANGER : client.user(),
            work);
    try (exchange) {
      boolean pretends = other != null && identity != null && identity == client;
      Answer answer =
          identity == null
              ? stranger(exchange)
              : pretends ? refused(exchange, other) : known(exchange);
      if (!answer.send(exchange)) {
        connections.touch(exchange.endPoint(), exchange.user(), Connections.STEP);
        callback.succeeded();
      }
    } catch (IOException | RuntimeException e) { // after the answer has begun, or without a client
      LOG.debug("{} {} ended: {}", exchange.method(), exchange.path(), e.toString());
      callback.failed(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      callback.failed(e);
    }
    return true;
  }

  private static @Nullable Identity identity(Request request) {
    return request.getAttribute(EndPoint.SslSessionData.ATTRIBUTE)
                instanceof EndPoint.SslSessionData tls
            && tls.peerCertificates() != null
            && tls.peerCertificates().length > 0
        ? Identity.of(tls.peerCertificates()[0])
        : null;
  }

  /** What anybody may ask: whether it lives, and what it is. */
  private Answer stranger(Exchange exchange) throws InterruptedException {
    String root = exchange.path().substring(1).split("/", 2)[0];
    if (!HEALTH.contains(root) && !exchange.path().equals("/version")) {
      return exchange.failure(ApiException.of(401, "Unauthorized", "Unauthorized"));
    }
    return worked(exchange, 0);
  }

  private static Answer refused(Exchange exchange, String other) {
    return exchange.failure(
        ApiException.of(
            403,
            "Forbidden",
            ("users \"%s\" is forbidden: User \"%s\" cannot impersonate resource \"users\" in API"
                    + " group \"\" at the cluster scope")
                .formatted(other, exchange.identity().user())));
  }

  private Answer known(Exchange exchange) throws IOException, InterruptedException {
    EndPoint endPoint = exchange.endPoint();
    connections.touch(endPoint, exchange.user(), Connections.BODY);
    try (Pool.Share _ = exchange.receive()) {
      connections.touch(endPoint, exchange.user(), Connections.STEP);
      return worked(exchange, exchange.body().length);
    } catch (ApiException e) {
      return exchange.failure(e);
    }
  }

  private Answer worked(Exchange exchange, long size) throws InterruptedException {
    try {
      exchange.readQuery();
      ApiPath path = ApiPath.parse(exchange.path());
      boolean large = exchange.path().startsWith("/openapi/"); // made of the schemas of all kinds
      long more = path != null ? endpoint.size(path) : large ? OPEN_API_BYTES : 0;
      exchange.hold(size + more); // more or less what the answer will have
      try (Pool.Share _ = work.begin(size + more)) {
        return path == null ? dispatch(exchange) : resource(exchange, path);
      }
    } catch (ApiException e) {
      return exchange.failure(e);
    } catch (StoreException.Failed e) {
      return exchange.failure(
          ApiException.of(500, "InternalError", String.valueOf(e.getMessage())));
    } catch (RuntimeException e) {
      LOG.error("{} {} failed", exchange.method(), exchange.path(), e);
      return exchange.failure(
          ApiException.of(500, "InternalError", "Internal error occurred: " + e));
    }
  }

  private Answer dispatch(Exchange exchange) {
    if (exchange.method().equals("CONNECT")) {
      throw methodNotAllowed();
    }
    String path = exchange.path();
    String root = path.substring(1).split("/", 2)[0];
    if (HEALTH.contains(root)) {
      return health(exchange, root, path.substring(root.length() + 1));
    }
    if (!Rights.allowPath(exchange.identity(), path)) {
      throw ApiException.forbiddenPath(exchange.identity().user(), path);
    }
    return switch (root) {
      case "api", "apis" -> discover(exchange, path);
      case "openapi" -> openApi(exchange, path);
      case "version" -> path.equals("/version") ? version(exchange) : paths(exchange, 404);
      case "snapshot" -> path.equals(Snapshot.PATH) ? snapshot() : paths(exchange, 404);
      case "metrics" -> path.equals("/metrics") ? metrics() : paths(exchange, 404);
      default -> paths(exchange, path.equals("/") ? 200 : 404);
    };
  }

  /** Everything there is at one revision; nothing waits for it. */
  private Answer snapshot() {
    Listing all = store.list(Range.everything());
    return Exchange.stream("application/x-ndjson", out -> Snapshot.write(all, out));
  }

  private Answer resource(Exchange exchange, ApiPath path) throws InterruptedException {
    if (Reviews.PLURALS
            .getOrDefault(path.group(), Collections.emptySortedMap())
            .containsKey(path.plural())
        && path.version().equals("v1")
        && exchange.method().equals("POST")) {
      ObjectNode review = Bodies.review(exchange);
      Reviews.answer(path.plural(), review, exchange.identity(), rights);
      return exchange.answer(201, review, Accept.PLAIN);
    }
    ResourceType type = endpoint.find(path);
    if (type != null) {
      return endpoint.serve(exchange, path, type);
    }
    if (path.group().isEmpty()) {
      throw ApiException.noSuchResource();
    }
    return pageNotFound();
  }

  private static Answer text(int code, String text) {
    return Exchange.bytes(code, TEXT, text.getBytes(StandardCharsets.UTF_8));
  }

  private static Answer pageNotFound() {
    return text(404, "404 page not found\n");
  }

  private static ApiException methodNotAllowed() {
    return ApiException.withEmptyDetails(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
  }

  private Answer discover(Exchange exchange, String path) {
    if (!exchange.method().equals("GET") && !exchange.method().equals("HEAD")) {
      throw methodNotAllowed();
    }
    Accept accept = Accept.choose(exchange.header(HttpHeader.ACCEPT), Discovery::aggregated);
    String[] parts = path.substring(1).split("/", -1);
    if (parts.length == 1 && Discovery.aggregated(accept)) {
      exchange.header("Vary", "Accept");
      exchange.header("Cache-Control", "public");
      return tagged(
          exchange,
          Discovery.AGGREGATED_TYPE,
          Exchange.lined(Json.bytes(discovery.aggregate(parts[0].equals("api")))));
    }
    ObjectNode document = discovery.document(parts);
    return document.isEmpty() ? pageNotFound() : exchange.answer(200, document, accept);
  }

  /** A document that clients keep until its contents change. */
  private static Answer tagged(Exchange exchange, String type, byte[] document) {
    String tag = "\"" + OpenApi.hash(document) + "\"";
    exchange.header("ETag", tag);
    return exchange.header(HttpHeader.IF_NONE_MATCH).equals(tag)
        ? Exchange.bytes(304, "", new byte[0])
        : Exchange.bytes(200, type, document);
  }

  private Answer openApi(Exchange exchange, String path) {
    exchange.header("Vary", "Accept");
    if (path.equals("/openapi/v2")) {
      String accept = exchange.header(HttpHeader.ACCEPT);
      if (accept.contains("protobuf")) {
        return tagged(exchange, OpenApiV2.PROTOBUF, OpenApiV2.protobuf(openApi.v2()));
      }
      return accept.isEmpty() || accept.contains("json") || accept.contains("*/*")
          ? tagged(exchange, Exchange.JSON, Json.bytes(openApi.v2()))
          : Exchange.bytes(406, "", new byte[0]);
    }
    if (path.equals("/openapi/v3") || path.equals("/openapi/v3/")) {
      return tagged(exchange, Exchange.JSON, Json.bytes(openApi.index()));
    }
    String name = path.substring(Math.min(path.length(), "/openapi/v3/".length()));
    byte[] document = path.startsWith("/openapi/v3/") ? openApi.document(name) : new byte[0];
    if (document.length == 0) { // the real server says no more than this
      return Exchange.bytes(200, "", document);
    }
    String hash = exchange.parameter("hash");
    if (!hash.isEmpty() && !hash.equals(OpenApi.hash(document))) {
      exchange.header("Location", OpenApi.location(name, document));
      return Exchange.bytes(301, "", new byte[0]);
    }
    if (!hash.isEmpty()) {
      exchange.header("Cache-Control", "public, immutable");
    }
    return tagged(exchange, Exchange.JSON, document);
  }

  private Answer version(Exchange exchange) {
    ObjectNode version =
        Json.object(
            "major", "1",
            "minor", MINOR,
            "gitVersion", "v1." + MINOR + ".0+holdfast",
            "gitCommit", "",
            "gitTreeState", "clean",
            "buildDate", "1970-01-01T00:00:00Z",
            "goVersion", "none",
            "compiler", "none",
            "platform", "linux/amd64");
    return exchange.answer(200, version, Accept.PLAIN);
  }

  /** Health: of everything, or of one check. */
  private Answer health(Exchange exchange, String root, String rest) {
    String check = rest.isEmpty() ? "" : rest.substring(1);
    if (!check.isEmpty() && !CHECKS.contains(check)) {
      return paths(exchange, 404);
    }
    boolean writable = store.failure() == null;
    boolean well = writable || check.equals("ping") || root.equals("livez");
    StringBuilder text = new StringBuilder();
    if (well && !exchange.has("verbose")) {
      text.append("ok");
    } else {
      for (String name : CHECKS) {
        boolean passed = writable || name.equals("ping");
        text.append(passed ? "[+]" : "[-]").append(name).append(passed ? " ok\n" : " failed\n");
      }
      text.append(root).append(well ? " check passed\n" : " check failed\n");
    }
    return text(well ? 200 : 500, text.toString());
  }

  private Answer metrics() {
    String text =
        """
        # HELP holdfast_standalone_resource_version The revision of the last write.
        # TYPE holdfast_standalone_resource_version counter
        holdfast_standalone_resource_version %d
        # HELP holdfast_standalone_stored_bytes What all objects take of the heap.
        # TYPE holdfast_standalone_stored_bytes gauge
        holdfast_standalone_stored_bytes %d
        # HELP holdfast_standalone_stored_bytes_limit What they may take.
        # TYPE holdfast_standalone_stored_bytes_limit gauge
        holdfast_standalone_stored_bytes_limit %d
        """
            .formatted(store.revision(), store.size(), store.quota());
    return Exchange.bytes(
        200, "text/plain; version=0.0.4; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
  }

  private Answer paths(Exchange exchange, int code) {
    List<String> paths = new ArrayList<>(discovery.paths());
    for (String root : HEALTH) {
      paths.add("/" + root);
      CHECKS.forEach(check -> paths.add("/" + root + "/" + check));
    }
    paths.addAll(List.of("/openapi/v2", "/openapi/v3", "/openapi/v3/", "/metrics", "/version"));
    return exchange.answer(
        code, Json.object("paths", paths.stream().sorted().toList()), Accept.PLAIN);
  }

  @Override
  public InvocationType getInvocationType() {
    return InvocationType.BLOCKING;
  }
}
