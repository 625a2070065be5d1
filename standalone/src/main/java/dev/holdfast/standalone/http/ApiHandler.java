package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.kind.ResourceRegistry;
import dev.holdfast.standalone.kind.ResourceType;
import dev.holdfast.standalone.read.ResourceReader;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.resource.ResourceWriter;
import dev.holdfast.standalone.security.ClientCertificates;
import dev.holdfast.standalone.security.Identity;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.StoreException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.ArrayList;
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
  private static final List<String> HEALTH = List.of("/healthz", "/livez", "/readyz");
  private static final List<String> CHECKS = List.of("ping", "store");

  private final ObjectStore store;
  private final ResourceEndpoint endpoint;
  private final Discovery discovery;
  private final OpenApi openApi;

  ApiHandler(
      ResourceRegistry registry,
      ResourceReader reader,
      ResourceWriter writer,
      ServerWebSocketContainer sockets,
      int port,
      Clock clock) {
    this.store = writer.store();
    Rendering rendering = new Rendering(clock);
    this.endpoint =
        new ResourceEndpoint(
            registry, reader, writer, rendering, new WatchEndpoint(sockets, rendering));
    this.discovery = new Discovery(registry, port);
    this.openApi = new OpenApi(registry);
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Identity identity = identity(request);
    Exchange exchange =
        new Exchange(request, response, identity == null ? new Identity.Admin() : identity);
    try {
      if (identity == null && !open(exchange.path())) {
        throw ApiException.of(401, "Unauthorized", "Unauthorized");
      }
      if (!dispatch(exchange, callback)) {
        callback.succeeded();
      }
    } catch (ApiException e) {
      fail(exchange, e, callback);
    } catch (StoreException.Failed e) {
      fail(
          exchange,
          ApiException.of(500, "InternalError", String.valueOf(e.getMessage())),
          callback);
    } catch (EOFException e) {
      callback.failed(e);
    } catch (IOException e) {
      LOG.debug("A client is gone: {}", e.getMessage());
      callback.failed(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      callback.failed(e);
    } catch (RuntimeException e) {
      LOG.error("{} {} failed", exchange.method(), exchange.path(), e);
      fail(
          exchange,
          ApiException.of(500, "InternalError", "Internal error occurred: " + e),
          callback);
    }
    return true;
  }

  private static void fail(Exchange exchange, ApiException e, Callback callback) {
    try {
      exchange.fail(e, Accept.PLAIN);
      callback.succeeded();
    } catch (IOException | RuntimeException gone) {
      callback.failed(gone);
    }
  }

  /** What anybody may ask: whether it lives, and what it is. */
  private static boolean open(String path) {
    return path.equals("/version")
        || HEALTH.stream().anyMatch(root -> path.equals(root) || path.startsWith(root + "/"));
  }

  private static @Nullable Identity identity(Request request) {
    if (request.getAttribute(EndPoint.SslSessionData.ATTRIBUTE)
            instanceof EndPoint.SslSessionData tls
        && tls.peerCertificates() != null
        && tls.peerCertificates().length > 0) {
      X509Certificate certificate = tls.peerCertificates()[0];
      return ClientCertificates.identity(certificate);
    }
    return null;
  }

  private boolean dispatch(Exchange exchange, Callback callback)
      throws IOException, InterruptedException {
    String path = exchange.path();
    ApiPath resource = ApiPath.parse(path);
    if (resource != null) {
      return resource(exchange, resource, callback);
    }
    if (path.startsWith("/openapi/")) {
      openApi(exchange, path);
    } else if (path.startsWith("/api/") || path.startsWith("/apis/") || isRoot(path)) {
      discover(exchange, path);
    } else if (path.equals("/version")) {
      exchange.answer(200, Version.document(), Accept.PLAIN);
    } else if (path.equals("/metrics")) {
      metrics(exchange);
    } else if (open(path)) {
      health(exchange, path);
    } else {
      paths(exchange, path.equals("/") ? 200 : 404);
    }
    return false;
  }

  private static boolean isRoot(String path) {
    return path.equals("/api") || path.equals("/apis");
  }

  private boolean resource(Exchange exchange, ApiPath path, Callback callback)
      throws IOException, InterruptedException {
    if (Reviews.PLURALS
            .getOrDefault(path.group(), java.util.Collections.emptySortedMap())
            .containsKey(path.plural())
        && path.version().equals("v1")
        && exchange.method().equals("POST")) {
      ObjectNode review = Bodies.review(exchange);
      Reviews.answer(path.plural(), review, exchange.identity());
      exchange.answer(201, review, Accept.PLAIN);
      return false;
    }
    ResourceType type = endpoint.find(path);
    if (type != null) {
      return endpoint.serve(exchange, path, type, callback);
    }
    if (path.group().isEmpty()) {
      throw ApiException.noSuchResource();
    }
    pageNotFound(exchange);
    return false;
  }

  private static void pageNotFound(Exchange exchange) throws IOException {
    exchange.send(404, TEXT, "404 page not found\n".getBytes(StandardCharsets.US_ASCII));
  }

  private void discover(Exchange exchange, String path) throws IOException {
    if (!exchange.method().equals("GET") && !exchange.method().equals("HEAD")) {
      throw ApiException.withEmptyDetails(
          405,
          "MethodNotAllowed",
          "the server does not allow this method on the requested resource");
    }
    Accept accept = Accept.choose(exchange.header(HttpHeader.ACCEPT), Discovery::aggregated);
    String[] parts = path.substring(1).split("/", -1);
    if (Discovery.aggregated(accept) && isRoot(path)) {
      aggregated(exchange, path.equals("/api"));
      return;
    }
    ObjectNode document;
    if (parts.length == 1) {
      document = path.equals("/api") ? discovery.versions() : discovery.groupList();
    } else if (parts[0].equals("api")) {
      document = discovery.resources("", parts[1]);
    } else {
      document =
          parts.length == 2 || parts[2].isEmpty()
              ? discovery.group(parts[1])
              : discovery.resources(parts[1], parts[2]);
    }
    if (document.isEmpty()) {
      pageNotFound(exchange);
    } else {
      exchange.answer(200, document, accept);
    }
  }

  private void aggregated(Exchange exchange, boolean core) throws IOException {
    byte[] document = Exchange.lined(Json.bytes(discovery.aggregate(core)));
    exchange.header("Vary", "Accept");
    exchange.header("Cache-Control", "public");
    sendTagged(exchange, Discovery.AGGREGATED_TYPE, document);
  }

  // Sends a document that clients keep until its contents change.
  private static void sendTagged(Exchange exchange, String type, byte[] document)
      throws IOException {
    String tag = "\"" + Discovery.hash(document) + "\"";
    exchange.header("ETag", tag);
    if (exchange.header(HttpHeader.IF_NONE_MATCH).equals(tag)) {
      exchange.send(304, "", new byte[0]);
    } else {
      exchange.send(200, type, document);
    }
  }

  private void openApi(Exchange exchange, String path) throws IOException {
    exchange.header("Vary", "Accept");
    if (path.equals("/openapi/v2")) {
      String accept = exchange.header(HttpHeader.ACCEPT);
      if (accept.contains("protobuf")) {
        sendTagged(exchange, OpenApi.V2_PROTOBUF, OpenApi.v2Protobuf());
      } else if (accept.isEmpty() || accept.contains("json") || accept.contains("*/*")) {
        sendTagged(exchange, Exchange.JSON, Json.bytes(OpenApi.v2()));
      } else {
        exchange.send(406, "", new byte[0]);
      }
      return;
    }
    if (path.equals("/openapi/v3") || path.equals("/openapi/v3/")) {
      sendTagged(exchange, Exchange.JSON, Json.bytes(openApi.index()));
      return;
    }
    String name = path.substring("/openapi/v3/".length());
    byte[] document = path.startsWith("/openapi/v3/") ? openApi.document(name) : new byte[0];
    if (document.length == 0) { // the real server says no more than this
      exchange.send(200, "", document);
      return;
    }
    String hash = exchange.parameter("hash");
    if (!hash.isEmpty() && !hash.equals(Discovery.hash(document))) {
      exchange.header("Location", OpenApi.location(name, document));
      exchange.send(301, "", new byte[0]);
      return;
    }
    if (!hash.isEmpty()) {
      exchange.header("Cache-Control", "public, immutable");
    }
    sendTagged(exchange, Exchange.JSON, document);
  }

  private void health(Exchange exchange, String path) throws IOException {
    int slash = path.indexOf('/', 1);
    String check = slash < 0 ? "" : path.substring(slash + 1);
    if (!check.isEmpty() && !CHECKS.contains(check)) {
      paths(exchange, 404);
      return;
    }
    boolean writable = store.failure() == null;
    boolean well = writable || check.equals("ping") || path.startsWith("/livez");
    String text = well && !exchange.has("verbose") ? "ok" : verbose(path, slash, well, writable);
    exchange.send(well ? 200 : 500, TEXT, text.getBytes(StandardCharsets.UTF_8));
  }

  private static String verbose(String path, int slash, boolean well, boolean writable) {
    StringBuilder text = new StringBuilder();
    for (String name : CHECKS) {
      boolean passed = writable || name.equals("ping");
      text.append(passed ? "[+]" : "[-]").append(name).append(passed ? " ok" : " failed");
      text.append(System.lineSeparator());
    }
    String root = slash < 0 ? path.substring(1) : path.substring(1, slash);
    text.append(root).append(well ? " check passed" : " check failed");
    return text.append(System.lineSeparator()).toString();
  }

  private void metrics(Exchange exchange) throws IOException {
    String text =
        """
        # HELP holdfast_standalone_resource_version The revision of the last write.
        # TYPE holdfast_standalone_resource_version counter
        holdfast_standalone_resource_version %d
        """
            .formatted(store.revision());
    exchange.send(
        200, "text/plain; version=0.0.4; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
  }

  private void paths(Exchange exchange, int code) throws IOException {
    List<String> paths = new ArrayList<>(discovery.paths());
    for (String root : HEALTH) {
      paths.add(root);
      CHECKS.forEach(check -> paths.add(root + "/" + check));
    }
    paths.addAll(List.of("/openapi/v2", "/openapi/v3", "/openapi/v3/", "/metrics", "/version"));
    ObjectNode document = Json.object();
    ArrayNode shown = document.putArray("paths");
    paths.stream().sorted().forEach(shown::add);
    exchange.answer(code, document, Accept.PLAIN);
  }

  @Override
  public InvocationType getInvocationType() {
    return InvocationType.BLOCKING;
  }
}
