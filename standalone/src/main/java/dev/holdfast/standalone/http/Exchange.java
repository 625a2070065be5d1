package dev.holdfast.standalone.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.Json;
import dev.holdfast.standalone.json.Yaml;
import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.security.Identity;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Fields;

/** One request and its answer, blocking; for one thread. */
final class Exchange {
  static final String JSON = "application/json";
  private static final int MAX_BODY = 3 << 20; // as the real server
  private static final byte[] NEWLINE = {'\n'};

  private final Request request;
  private final Response response;
  private final Identity identity;
  private final Fields query;
  private final List<String> warnings = new ArrayList<>();

  Exchange(Request request, Response response, Identity identity) {
    this.request = request;
    this.response = response;
    this.identity = identity;
    this.query = Request.extractQueryParameters(request);
    response.getHeaders().put("Audit-Id", UUID.randomUUID().toString());
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-cache, private");
  }

  Request request() {
    return request;
  }

  Response response() {
    return response;
  }

  Identity identity() {
    return identity;
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

  byte[] body() throws IOException {
    if (request.getLength() > MAX_BODY) {
      throw tooLarge();
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    try (InputStream in = Content.Source.asInputStream(request)) {
      byte[] buffer = new byte[16 << 10];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        body.write(buffer, 0, n);
        if (body.size() > MAX_BODY) {
          throw tooLarge();
        }
      }
    }
    return body.toByteArray();
  }

  private static ApiException tooLarge() {
    return ApiException.of(
        413, "RequestEntityTooLarge", "Request entity too large: limit is " + MAX_BODY);
  }

  void header(String name, String value) {
    response.getHeaders().put(name, value);
  }

  /** Answers with a document, in the form that the client accepts. */
  void answer(int code, JsonNode document, Accept accept) throws IOException {
    answer(code, document, accept, JSON);
  }

  void answer(int code, JsonNode document, Accept accept, String jsonType) throws IOException {
    if (accept.yaml()) {
      send(code, "application/yaml", Yaml.bytes(document));
    } else if (flag("pretty")) {
      send(code, jsonType, lined(Json.prettyBytes(document)));
    } else {
      send(code, jsonType, lined(Json.bytes(document)));
    }
  }

  static byte[] lined(byte[] json) {
    byte[] line = new byte[json.length + NEWLINE.length];
    System.arraycopy(json, 0, line, 0, json.length);
    line[json.length] = NEWLINE[0];
    return line;
  }

  /** Sends headers and the whole body; a HEAD request gets no body. */
  void send(int code, String contentType, byte[] body) throws IOException {
    addWarnings();
    response.setStatus(code);
    if (!contentType.isEmpty()) {
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    }
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, body.length);
    boolean head = method().equals("HEAD");
    Content.Sink.write(response, true, head ? ByteBuffer.allocate(0) : ByteBuffer.wrap(body));
  }

  /** Begins an answer whose body follows in parts. */
  void begin(String contentType) throws IOException {
    addWarnings();
    response.setStatus(200);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
    Content.Sink.write(response, false, ByteBuffer.allocate(0));
  }

  void part(byte[] bytes) throws IOException {
    Content.Sink.write(response, false, ByteBuffer.wrap(bytes));
  }

  void end() throws IOException {
    Content.Sink.write(response, true, ByteBuffer.allocate(0));
  }

  void fail(ApiException e, Accept accept) throws IOException {
    if (response.isCommitted()) {
      throw new IOException("failed after the answer had begun: " + e.getMessage(), e);
    }
    int retryAfter = Json.at(e.status(), "details", "retryAfterSeconds").asInt();
    if (retryAfter > 0) {
      header("Retry-After", Integer.toString(retryAfter));
    }
    answer(e.code(), e.status(), accept);
  }

  private void addWarnings() {
    for (String warning : warnings.stream().distinct().toList()) {
      String quoted = warning.replace("\\", "\\\\").replace("\"", "\\\"");
      response.getHeaders().add(new HttpField("Warning", "299 - \"" + quoted + "\""));
    }
  }
}
