package dev.holdfast.standalone.schema;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Random objects of the kind Sample: a few fields each, one in four of them wrong. */
final class RandomSamples {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Candidates of each field as JSON; what is right first, after the bar what is wrong. */
  private static final Map<String, String> CANDIDATES = new LinkedHashMap<>();

  static {
    CANDIDATES.put("low", "1 64 3 2.0 null | 0 65 \"1\" true {} 1.5");
    CANDIDATES.put("high", "2 4 8 64 | 0 3 3000000000 \"2\" [] false");
    CANDIDATES.put("ratio", "1 1.25 0 -3 null | 1.5 2 \"1\" {}");
    CANDIDATES.put("frozen", "\"a\" \"b\" | 1");
    CANDIDATES.put("name", "\"abc\" \"x\" | \"ABC\" \"bad\" \"\" \"abcdefghi\" 5");
    CANDIDATES.put("mode", "\"Up\" \"Down\" null | \"Maybe\" 1 true");
    CANDIDATES.put("level", "1 2 2.0 | 3 \"1\"");
    CANDIDATES.put("amount", "1 \"12\" null | \"x\" \"12345\" true 1.5 {}");
    CANDIDATES.put("maybe", "\"a\" null | 1");
    CANDIDATES.put("flag", "true false null | \"true\" 0");
    CANDIDATES.put("when", "\"2026-01-02T03:04:05Z\" \"2026-01-02T03:04:05.5+01:00\" | \"soon\" 1");
    CANDIDATES.put("day", "\"2026-01-02\" | \"2026-13-02\" \"x\"");
    CANDIDATES.put("address", "\"10.0.0.1\" | \"10.0.0\" \"::1\" \"300.1.1.1\"");
    CANDIDATES.put("mac", "\"52:54:00:12:34:56\" | \"52:54:00\" \"x\"");
    CANDIDATES.put("id", "\"8f7b5c1e-1b7a-4f36-9a53-0f5a5a0f9b1d\" | \"8f7b\"");
    CANDIDATES.put("bytes", "\"aGk=\" | \"???\" \"a\"");
    CANDIDATES.put("host", "\"example.com\" | \"ex_ample\" \"-a\"");
    CANDIDATES.put(
        "any",
        "{\"a\":\"x\"} {\"b\":\"x\"} | {} {\"a\":\"x\",\"b\":\"y\"} {\"a\":\"x\",\"c\":1} 1");
    CANDIDATES.put("some", "{\"a\":\"x\"} {\"b\":\"xy\"} | {} {\"b\":\"x\"}");
    CANDIDATES.put("all", "\"xy\" | \"x\" \"ab\" \"\"");
    CANDIDATES.put(
        "list", "[\"a\"] [\"a\",\"b\"] | [] [\"a\",\"b\",\"c\"] [\"abcd\"] [1] {} [null]");
    CANDIDATES.put("set", "[1,2] [] | [1,1] [1,1,1] [1,\"1\"] [2,1,2,1]");
    CANDIDATES.put(
        "map",
        "{\"a\":1} {\"a.b/c\":3} | {} {\"a\":4} {\"a\":1,\"b\":2,\"c\":3} {\"a\":\"1\"}"
            + " {\"a\":null}");
    CANDIDATES.put(
        "deep",
        "{\"k\":{\"y\":\"1\"}} {\"k\":{\"y\":\"1\",\"x\":null,\"z\":2}} | {\"k\":{}}"
            + " {\"k\":{\"y\":2}} {\"k\":1}");
    CANDIDATES.put("free", "{\"u\":{\"v\":[1,{\"w\":null}]}} {\"known\":1} | {\"known\":\"x\"} []");
    CANDIDATES.put(
        "items",
        "[{\"name\":\"a\"}] [{\"name\":\"a\",\"size\":2},{\"name\":\"a\",\"port\":81,\"size\":1}]"
            + " [{\"name\":\"b\",\"size\":3,\"inner\":{\"t\":\"x\",\"u\":1}}] [] |"
            + " [{\"name\":\"a\"},{\"name\":\"a\",\"port\":80}] [{}]"
            + " [{\"name\":\"a\",\"size\":\"x\"}]"
            + " [{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"},{\"name\":\"d\"},{\"name\":\"e\"}]"
            + " [{\"name\":\"abcdefghijk\",\"port\":null}] [1] [{\"name\":\"b\",\"size\":1}]");
    CANDIDATES.put("unknown", "1 {\"a\":2} |");
  }

  private final RandomGenerator random;

  RandomSamples(RandomGenerator random) {
    this.random = random;
  }

  ObjectNode next(@Nullable ObjectNode live) {
    ObjectNode sample = MAPPER.createObjectNode();
    sample.put("apiVersion", "schema.holdfast.test/v1").put("kind", "Sample");
    ObjectNode metadata = sample.putObject("metadata").put("name", "sample");
    ObjectNode spec = MAPPER.createObjectNode();
    if (live != null) {
      metadata.set("resourceVersion", live.path("metadata").path("resourceVersion"));
      if (random.nextInt(3) > 0) {
        spec = live.get("spec").deepCopy();
      }
    }
    if (random.nextInt(12) > 0) {
      sample.set("spec", spec);
    }
    if (random.nextInt(12) > 0) {
      spec.put("must", random.nextInt(12) > 0 ? "ok" : "too long");
    }
    List<String> fields = List.copyOf(CANDIDATES.keySet());
    for (int i = random.nextInt(6); i > 0; i--) {
      String field = fields.get(random.nextInt(fields.size()));
      spec.set(field, value(CANDIDATES.getOrDefault(field, "")));
    }
    return sample;
  }

  private JsonNode value(String candidates) {
    String[] halves = candidates.split("\\|", -1);
    String half = random.nextInt(6) == 0 && !halves[1].isBlank() ? halves[1] : halves[0];
    String[] values = half.strip().split(" ", -1);
    try {
      return MAPPER.readTree(values[random.nextInt(values.length)]);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
