package dev.holdfast.standalone.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The part of JSONPath that printer columns and selectable fields of CRDs use: {@code .a.b}, {@code
 * ['k']}, {@code [0]}, {@code [*]} and {@code [?(@.type=="Ready")]}. Immutable.
 */
public final class JsonPath {
  private static final String QUOTED = "(?:'([^']*)'|\"([^\"]*)\")";

  private static final Pattern STEP =
      Pattern.compile(
          "\\.?(?<name>(?:\\\\.|[^.\\[\\\\])+)|\\.|\\[\\s*(?:(?<key>"
              + QUOTED
              + ")|(?<all>\\*)|(?<index>-?[0-9]+)|\\?\\(\\s*@(?<path>[^=!]*)(?<order>[=!]=)\\s*"
              + "(?<value>"
              + QUOTED
              + "|[^)'\"]*)\\s*\\))\\s*\\]");

  private final List<Function<JsonNode, Stream<JsonNode>>> steps;

  private JsonPath(List<Function<JsonNode, Stream<JsonNode>>> steps) {
    this.steps = steps;
  }

  /**
   * Parses a path.
   *
   * @throws IllegalArgumentException when it is not in the part that is understood
   */
  public static JsonPath parse(String path) {
    List<Function<JsonNode, Stream<JsonNode>>> steps = new ArrayList<>();
    Matcher step = STEP.matcher(path);
    for (int at = 0; at < path.length(); at = step.end()) {
      if (!step.find(at) || step.start() != at) {
        throw new IllegalArgumentException("unknown step " + path.substring(at) + " in " + path);
      }
      steps.add(step(step));
    }
    return new JsonPath(List.copyOf(steps));
  }

  private static Function<JsonNode, Stream<JsonNode>> step(Matcher step) {
    if (step.group("index") != null) {
      int index = Integer.parseInt(step.group("index"));
      return node -> Stream.of(node.path(index < 0 ? node.size() + index : index));
    }
    if (step.group("path") != null) {
      JsonPath path = parse(step.group("path").strip());
      String value = unquoted(step.group("value").strip());
      boolean equal = step.group("order").equals("==");
      return node ->
          children(node)
              .filter(
                  child ->
                      path.find(child).stream().anyMatch(found -> found.asText().equals(value))
                          == equal);
    }
    if (step.group("key") != null) {
      String key = unquoted(step.group("key"));
      return node -> Stream.of(node.path(key));
    }
    if (step.group("name") != null && !step.group("name").equals("*")) {
      String name = step.group("name").replaceAll("\\\\(.)", "$1");
      return node -> Stream.of(node.path(name));
    }
    return step.group().equals(".") ? Stream::of : JsonPath::children;
  }

  private static String unquoted(String text) {
    return text.startsWith("'") || text.startsWith("\"")
        ? text.substring(1, text.length() - 1)
        : text;
  }

  /** All matches, in document order. */
  public List<JsonNode> find(JsonNode root) {
    Stream<JsonNode> nodes = Stream.of(root);
    for (Function<JsonNode, Stream<JsonNode>> step : steps) {
      nodes = nodes.flatMap(step).filter(node -> !node.isMissingNode());
    }
    return nodes.toList();
  }

  private static Stream<JsonNode> children(JsonNode node) {
    return StreamSupport.stream(node.spliterator(), false);
  }
}
