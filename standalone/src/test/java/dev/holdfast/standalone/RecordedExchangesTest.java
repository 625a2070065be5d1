package dev.holdfast.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.json.Json;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sends what was once sent to a real API server (Kubernetes 1.36) and compares the answers with
 * those that it gave. Where they differ, docs/standalone.md says why nobody needs them to be equal.
 */
class RecordedExchangesTest {
  private static final Set<String> KNOWN_DIFFERENCES =
      Set.of(
          "root",
          "nonresource 404",
          "h /readyz/nope",
          "version",
          "crd get",
          "crd del",
          "watch crds",
          "watch namespaces",
          "openapi v3 cr",
          "openapi v3 cr stale hash",
          "vm create ct protobuf",
          "vm get accept protobuf",
          "watch ?watch=true&resourceVersion=1");

  /** What depends on the moment, or was made to be read by nobody. */
  private static final Set<String> NOT_COMPARED = Set.of("h /metrics", "crd cr immediately");

  /** Watches that run beside other exchanges, and the exchange before which they begin. */
  private static final Map<String, String> BEGIN_BEFORE =
      Map.of(
          "crd create", "watch crds",
          "vm create", "watch all",
          "patch +label", "watch label transitions");

  private static final List<String> HEADERS =
      List.of("Content-Type", "Warning", "Location", "Retry-After");
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration QUIET = Duration.ofMillis(200);
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Pattern UID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");

  @TempDir Path directory = Path.of("");

  @SuppressWarnings("NullAway.Init")
  private TestPlane plane;

  @SuppressWarnings("NullAway.Init")
  private SSLContext tls;

  private final Map<String, String> ours = new HashMap<>(); // by what was recorded in its place
  private final Map<String, Watching> watches = new HashMap<>();

  @BeforeEach
  void start() throws IOException, GeneralSecurityException {
    // The recorded server ran without a garbage collector.
    plane =
        new TestPlane(StandaloneOptions.in(directory).withSync(false).withoutGarbageCollector());
    tls = SSLUtils.sslContext(plane.client.getConfiguration());
  }

  @AfterEach
  void stop() throws IOException {
    plane.close();
  }

  @Test
  void answersAsARealServerDoesButForWhatIsKnown() throws IOException, InterruptedException {
    List<JsonNode> recorded = recorded();
    Map<String, JsonNode> byName = new HashMap<>();
    recorded.forEach(exchange -> byName.put(exchange.path("name").asText(), exchange));
    Map<String, String> differences = new LinkedHashMap<>();
    Normal expectedForm = new Normal();
    Normal actualForm = new Normal();
    for (JsonNode exchange : recorded) {
      String name = exchange.path("name").asText();
      String watch = BEGIN_BEFORE.get(name);
      if (watch != null) {
        watches.put(watch, new Watching(Objects.requireNonNull(byName.get(watch))));
      }
      ObjectNode actual =
          exchange.path("method").asText().equals("WATCH") ? watch(exchange) : send(exchange);
      learn(exchange.path("body"), actual.path("body"));
      JsonNode wanted = expectedForm.of(answer(exchange));
      JsonNode got = actualForm.of(actual);
      if (!wanted.equals(got) && !NOT_COMPARED.contains(name)) {
        differences.put(name, name + "\n  wanted " + wanted + "\n  got    " + got);
      }
      if (name.equals("crd del")) {
        Awaitility.await()
            .until(() -> send(exchange("GET", exchange)).path("status").asInt() == 404);
      }
    }

    assertThat(recorded).hasSize(301);
    assertThat(differences.keySet())
        .as(
            () ->
                differences.entrySet().stream()
                    .filter(difference -> !KNOWN_DIFFERENCES.contains(difference.getKey()))
                    .map(Map.Entry::getValue)
                    .collect(Collectors.joining("\n")))
        .isEqualTo(KNOWN_DIFFERENCES);
  }

  private static List<JsonNode> recorded() throws IOException {
    List<JsonNode> recorded = new ArrayList<>();
    try (InputStream in = RecordedExchangesTest.class.getResourceAsStream("exchanges.jsonl");
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(Objects.requireNonNull(in), UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        recorded.add(MAPPER.readTree(line));
      }
    }
    return recorded;
  }

  private static JsonNode exchange(String method, JsonNode like) {
    return MAPPER.createObjectNode().put("method", method).put("path", like.path("path").asText());
  }

  /** Of a recorded exchange, what is compared. */
  private static ObjectNode answer(JsonNode exchange) {
    ObjectNode answer = MAPPER.createObjectNode();
    for (String field : List.of("status", "headers", "body")) {
      answer.set(field, exchange.path(field));
    }
    return answer;
  }

  private HttpRequest request(JsonNode exchange) {
    String body = exchange.path("reqBody").asText("");
    String method = exchange.path("method").asText();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(plane.plane.url() + ourPath(exchange)))
            .timeout(PATIENCE)
            .header("User-Agent", "unknown")
            .method(
                method.equals("WATCH") ? "GET" : method,
                body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(ourBody(body)));
    exchange
        .path("reqHeaders")
        .properties()
        .forEach(header -> request.header(header.getKey(), header.getValue().asText()));
    return request.build();
  }

  private String ourPath(JsonNode exchange) {
    String path = exchange.path("path").asText();
    return replace(Pattern.compile("(?<=resourceVersion=|continue=)[^&]+"), path);
  }

  private String ourBody(String body) {
    String withUids = replace(UID, body);
    return replace(Pattern.compile("(?<=\"resourceVersion\": ?\")[0-9]+"), withUids);
  }

  private String replace(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .replaceAll(
            found -> Matcher.quoteReplacement(ours.getOrDefault(found.group(), found.group())));
  }

  /** As in the recording, every exchange has a connection of its own. */
  private HttpClient client() {
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).sslContext(tls).build();
  }

  private ObjectNode send(JsonNode exchange) throws IOException, InterruptedException {
    ObjectNode answer;
    String text;
    try (HttpClient http = client()) {
      HttpResponse<byte[]> response = http.send(request(exchange), BodyHandlers.ofByteArray());
      answer = head(response);
      text = new String(response.body(), UTF_8);
    }
    JsonNode body = text.startsWith("{") ? MAPPER.readTree(text) : TextNode.valueOf(text);
    answer.set("body", summary(exchange.path("name").asText(), body));
    return answer;
  }

  /** What the recording kept of long answers. */
  private static JsonNode summary(String name, JsonNode body) {
    if (name.startsWith("list ?") && body.get("items") instanceof ArrayNode items) {
      ArrayNode names = MAPPER.createArrayNode();
      items.forEach(item -> names.add(item.at("/metadata/name")));
      ((ObjectNode) body).set("items", names);
    }
    if (name.equals("openapi v2 json")) {
      ObjectNode summary = MAPPER.createObjectNode();
      body.fieldNames().forEachRemaining(summary.putArray("keys")::add);
      summary.putObject("holdfast");
      summary.putArray("paths");
      return summary;
    }
    return body;
  }

  private static ObjectNode head(HttpResponse<?> response) {
    ObjectNode answer = MAPPER.createObjectNode().put("status", response.statusCode());
    ObjectNode headers = answer.putObject("headers");
    for (String name : HEADERS) {
      List<String> values = response.headers().allValues(name);
      if (!values.isEmpty()) {
        headers.put(name, values.getLast());
      }
    }
    return answer;
  }

  private ObjectNode watch(JsonNode exchange) throws IOException, InterruptedException {
    Watching watching = watches.remove(exchange.path("name").asText());
    return (watching == null ? new Watching(exchange) : watching).answer();
  }

  /** A watch that is read as far as the recorded one was. */
  private final class Watching {
    private static final String END = "EOF";

    private final BlockingQueue<JsonNode> lines = new LinkedBlockingQueue<>();
    private final JsonNode exchange;
    private final HttpClient http = client();
    private final HttpResponse<InputStream> response;

    Watching(JsonNode exchange) throws IOException, InterruptedException {
      this.exchange = exchange;
      this.response = http.send(request(exchange), BodyHandlers.ofInputStream());
      Thread.ofVirtual().start(this::read);
    }

    private void read() {
      try (BufferedReader reader =
          new BufferedReader(new InputStreamReader(response.body(), UTF_8))) {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          lines.add(MAPPER.readTree(line));
        }
        if (response.statusCode() == 200) {
          lines.add(TextNode.valueOf(END));
        }
      } catch (IOException e) {
        lines.add(TextNode.valueOf(e.toString()));
      }
    }

    ObjectNode answer() throws IOException, InterruptedException {
      ObjectNode answer = head(response);
      ArrayNode events = answer.putArray("body");
      int wanted = exchange.path("body").size();
      // A watch that ran beside other exchanges ended at a time of its own.
      boolean beside = BEGIN_BEFORE.containsValue(exchange.path("name").asText());
      while (events.size() < wanted || !beside) {
        Duration patience = events.size() < wanted ? PATIENCE : QUIET;
        JsonNode event = lines.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
        if (event == null) {
          break;
        }
        events.add(event);
      }
      http.shutdownNow();
      return answer;
    }
  }

  /** Notes which of our revisions, uids and tokens stand where the recorded ones stood. */
  private void learn(JsonNode recorded, JsonNode actual) {
    if (recorded.isObject() && actual.isObject()) {
      for (Map.Entry<String, JsonNode> field : recorded.properties()) {
        JsonNode value = actual.path(field.getKey());
        if (Set.of("uid", "resourceVersion", "continue").contains(field.getKey())
            && value.isTextual()) {
          ours.put(field.getValue().asText(), value.asText());
        }
        learn(field.getValue(), value);
      }
    } else if (recorded.isArray() && actual.isArray()) {
      for (int i = 0; i < Math.min(recorded.size(), actual.size()); i++) {
        learn(recorded.get(i), actual.get(i));
      }
    }
  }

  /** Answers without what differs from one run to the next. */
  private static final class Normal {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final Comparator<JsonNode> BY_MANAGER =
        Comparator.comparing(
            entry ->
                Stream.of("operation", "manager", "apiVersion", "subresource")
                    .map(field -> entry.path(field).asText())
                    .collect(Collectors.joining(" ")));
    private static final Map<String, String> PATTERNS = new LinkedHashMap<>();

    static {
      PATTERNS.put(UID.pattern(), "UID");
      PATTERNS.put("\\bg-[a-z0-9]{5}\\b", "g-GEN");
      PATTERNS.put("hash=[0-9A-F]+", "hash=H");
      PATTERNS.put("(resource ?[vV]ersion[^0-9]{0,12})\\d+", "$1N");
      PATTERNS.put("\\d{4}-\\d\\d-\\d\\dT[\\d:]+Z", "T");
      PATTERNS.put("(in record \\()\\d+", "$1N");
      PATTERNS.put("(current: )\\d+", "$1N");
      PATTERNS.put("(version: \\S+ \\()\\d+", "$1N");
      PATTERNS.put("^\\d+(m\\d+)?[smhd]$", "AGE");
      PATTERNS.put("^EOF after \\d+s$", "EOF");
    }

    private final Map<String, String> uids = new HashMap<>();

    JsonNode of(JsonNode value) {
      return switch (value) {
        case ObjectNode object -> of(object);
        case ArrayNode array -> array(array.valueStream().map(this::of).toList());
        case TextNode text -> NODES.textNode(text(text.textValue()));
        default -> value;
      };
    }

    private ObjectNode of(ObjectNode object) {
      ObjectNode normal = NODES.objectNode();
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        normal.set(field.getKey(), field(field.getKey(), field.getValue()));
      }
      return normal;
    }

    private JsonNode field(String name, JsonNode value) {
      boolean given = value.isTextual() && !value.asText().isEmpty();
      String constant =
          switch (name) {
            case "uid" ->
                given ? uids.computeIfAbsent(value.asText(), _ -> "UID" + uids.size()) : null;
            case "resourceVersion" -> given && !value.asText().equals("0") ? "RV" : null;
            case "creationTimestamp", "deletionTimestamp", "time", "lastTransitionTime" ->
                given ? "T" : null;
            case "continue" -> given ? "CONT" : null;
            case "serverAddress", "storageVersionHash" -> "X";
            default -> null;
          };
      if (constant != null) {
        return NODES.textNode(constant);
      }
      JsonNode normal = of(value);
      return switch (name) {
        case "managedFields" -> sorted(normal, BY_MANAGER);
        case "causes" ->
            sorted(
                normal, Comparator.comparing(cause -> new String(Json.sortedBytes(cause), UTF_8)));
        default -> normal;
      };
    }

    private static JsonNode sorted(JsonNode list, Comparator<JsonNode> order) {
      return list.isArray() ? array(list.valueStream().sorted(order).toList()) : list;
    }

    private static ArrayNode array(List<JsonNode> items) {
      return NODES.arrayNode().addAll(items);
    }

    private static String text(String given) {
      String text = given;
      for (Map.Entry<String, String> pattern : PATTERNS.entrySet()) {
        text = text.replaceAll(pattern.getKey(), pattern.getValue());
      }
      Matcher errors = Pattern.compile("(?s)(.* is invalid: )\\[(.*)\\]").matcher(text);
      return errors.matches()
          ? Stream.of(errors.group(2).split(", (?=[\\w<\\[\\].]+: )", -1))
              .sorted()
              .collect(Collectors.joining(" ; ", errors.group(1) + "[", "]"))
          : text;
    }
  }
}
