package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.Yaml;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.security.Identity;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;

/** One request and its answer, blocking; for one thread. */
final class Exchange implements AutoCloseable {
  static final String JSON = "application/json";
  private static final int MAX_BODY = 3 << 20; // as the real server
  private static final int SMALL_BODY = 64 << 10;
  private static final byte[] NEWLINE = {'\n'};

  private final Request request;
  private final Response response;
  private final Callback callback;
  private final Identity identity;
  private final String user;
  private final Work work;
  private final List<String> warnings = new ArrayList<>();
  private Fields query = Fields.EMPTY;
  private byte[] body = {};
  private Pool.Share held = Pool.Share.NONE;

  /** What a client is answered with; sent when the work is done, as slowly as the client reads. */
  @FunctionalInterface
  interface Answer {
    /** Returns whether the exchange was upgraded, so that its callback is not ours any more. */
    boolean send(Exchange exchange) throws IOException, InterruptedException;
  }

  /** Writes a body that need not fit in memory. */
  @FunctionalInterface
  interface Writer {
    void write(OutputStream out) throws IOException, InterruptedException;
  }

  /**
   * Takes over a request.
   *
   * @param identity whose rights it has
   * @param user whose certificate it came with: of what there is, it takes this user's share
   */
  Exchange(
      Request request,
      Response response,
      Callback callback,
      Identity identity,
      String user,
      Work work) {
    this.request = request;
    this.response = response;
    this.callback = callback;
    this.identity = identity;
    this.user = user;
    this.work = work;
    response.getHeaders().put("Audit-Id", UUID.randomUUID().toString());
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-cache, private");
  }

  Request request() {
    return request;
  }

  Response response() {
    return response;
  }

  Callback callback() {
    return callback;
  }

  Identity identity() {
    return identity;
  }

  String user() {
    return user;
  }

  /** The TCP connection below TLS. */
  EndPoint endPoint() {
    EndPoint endPoint = tlsEndPoint();
    return endPoint instanceof EndPoint.Wrapper wrapper ? wrapper.unwrap() : endPoint;
  }

  EndPoint tlsEndPoint() {
    return request.getConnectionMetaData().getConnection().getEndPoint();
  }

  String method() {
    return request.getMethod();
  }

  String path() {
    return request.getHttpURI().getPath();
  }

  /** The first value of a query parameter; empty when it was not given. */
  String parameter(String name) {
    String value = query.getValue(name);
    return value == null ? "" : value;
  }

  List<String> parameters(String name) {
    List<String> values = query.getValues(name);
    return values == null ? List.of() : values;
  }

  /** Whether a query parameter was given, even without a value. */
  boolean has(String name) {
    return query.get(name) != null;
  }

  boolean flag(String name) {
    String value = parameter(name);
    return value.equals("true") || value.equals("1");
  }

  /** A header; empty when it was not sent. */
  String header(HttpHeader name) {
    String value = request.getHeaders().get(name);
    return value == null ? "" : value;
  }

  /** Collects what the client is warned of together with the answer. */
  List<String> warnings() {
    return warnings;
  }

  void readQuery() {
    try {
      query = Request.extractQueryParameters(request);
    } catch (RuntimeException e) { // Jetty throws several kinds
      throw ApiException.badRequest("the query can't be read: " + e.getMessage());
    }
  }

  /**
   * Reads the body.
   *
   * @return the room that it takes, if it is not small
   */
  Pool.Share receive() throws IOException, InterruptedException {
    if (request.getLength() > MAX_BODY) {
      throw tooLarge();
    }
    Pool.Share room = Pool.Share.NONE;
    try (InputStream in = Content.Source.asInputStream(request)) {
      body = in.readNBytes(SMALL_BODY);
      if (body.length == SMALL_BODY) {
        room = work.receive();
        byte[] rest = in.readNBytes(MAX_BODY - SMALL_BODY + 1);
        byte[] whole = Arrays.copyOf(body, body.length + rest.length);
        System.arraycopy(rest, 0, whole, body.length, rest.length);
        body = whole;
      }
      if (body.length > MAX_BODY) {
        throw tooLarge();
      }
      return room;
    } catch (IOException | RuntimeException e) {
      room.close();
      throw e;
    }
  }

  private static ApiException tooLarge() {
    return ApiException.of(
        413, "RequestEntityTooLarge", "Request entity too large: limit is " + MAX_BODY);
  }

  byte[] body() {
    return body;
  }

  /** Takes the room for an answer until the exchange is closed. */
  void hold(long size) throws InterruptedException {
    held = send(size);
  }

  /** Takes the room for what is made for the client, and held until the client has taken it. */
  Pool.Share send(long size) throws InterruptedException {
    return work.send(user, size);
  }

  @Override
  public void close() {
    held.close();
  }

  void header(String name, String value) {
    response.getHeaders().put(name, value);
  }

  /** An answer with a document, in the form that the client accepts. */
  Answer answer(int code, JsonNode document, Accept accept) {
    return accept.yaml()
        ? bytes(code, "application/yaml", Yaml.bytes(document))
        : bytes(
            code, JSON, lined(flag("pretty") ? Json.prettyBytes(document) : Json.bytes(document)));
  }

  Answer failure(ApiException e) {
    int retryAfter = Json.at(e.status(), "details", "retryAfterSeconds").asInt();
    if (retryAfter > 0) {
      header("Retry-After", Integer.toString(retryAfter));
    }
    return answer(e.code(), e.status(), Accept.PLAIN);
  }

  static byte[] lined(byte[] json) {
    byte[] line = Arrays.copyOf(json, json.length + NEWLINE.length);
    line[json.length] = NEWLINE[0];
    return line;
  }

  /** An answer with a whole body; a HEAD request gets none. */
  static Answer bytes(int code, String contentType, byte[] body) {
    return exchange -> {
      exchange.begin(code, contentType);
      exchange.response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
      boolean head = exchange.method().equals("HEAD");
      Content.Sink.write(exchange.response, true, ByteBuffer.wrap(head ? new byte[0] : body));
      return false;
    };
  }

  /** An answer with a body that is made while it is sent. */
  static Answer stream(String contentType, Writer writer) {
    return exchange -> {
      exchange.begin(200, contentType);
      try (OutputStream out =
          exchange.method().equals("HEAD")
              ? OutputStream.nullOutputStream()
              : Response.asBufferedOutputStream(exchange.request, exchange.response)) {
        writer.write(out);
      }
      return false;
    };
  }

  /** Sets status and headers. */
  void begin(int code, String contentType) {
    response.setStatus(code);
    if (!contentType.isEmpty()) {
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    }
    for (String warning : warnings.stream().distinct().toList()) {
      String quoted = warning.replace("\\", "\\\\").replace("\"", "\\\"");
      response.getHeaders().add(new HttpField("Warning", "299 - \"" + quoted + "\""));
    }
  }
}
