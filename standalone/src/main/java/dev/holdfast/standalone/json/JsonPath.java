package dev.holdfast.standalone.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;

/**
 * The part of JSONPath that printer columns and selectable fields of CRDs use: {@code .a.b}, {@code
 * ['k']}, {@code [0]}, {@code [*]} and {@code [?(@.type=="Ready")]}. Immutable.
 */
public final class JsonPath {
  private final List<Step> steps;

  private sealed interface Step {
    record Field(String name) implements Step {}

    record Index(int index) implements Step {}

    record All() implements Step {}

    record Filter(JsonPath path, String value, boolean equal) implements Step {}
  }

  private JsonPath(List<Step> steps) {
    this.steps = steps;
  }

  /**
   * Parses a path.
   *
   * @throws IllegalArgumentException when it is not in the part that is understood
   */
  public static JsonPath parse(String path) {
    List<Step> steps = new ArrayList<>();
    int at = 0;
    while (at < path.length()) {
      if (path.charAt(at) == '[') {
        int end = closing(path, at);
        steps.add(bracket(path, path.substring(at + 1, end)));
        at = end + 1;
      } else {
        StringBuilder name = new StringBuilder();
        at += path.charAt(at) == '.' ? 1 : 0;
        while (at < path.length() && path.charAt(at) != '.' && path.charAt(at) != '[') {
          at += path.charAt(at) == '\\' && at + 1 < path.length() ? 1 : 0;
          name.append(path.charAt(at++));
        }
        if (!name.isEmpty()) {
          steps.add(name.toString().equals("*") ? new Step.All() : new Step.Field(name.toString()));
        }
      }
    }
    return new JsonPath(List.copyOf(steps));
  }

  private static int closing(String path, int open) {
    char quote = 0;
    for (int i = open + 1; i < path.length(); i++) {
      char c = path.charAt(i);
      if (quote != 0) {
        quote = c == quote ? 0 : quote;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == ']') {
        return i;
      }
    }
    throw new IllegalArgumentException("unterminated [ in " + path);
  }

  private static Step bracket(String path, String inside) {
    String text = inside.strip();
    if (text.equals("*")) {
      return new Step.All();
    }
    if (text.startsWith("?(") && text.endsWith(")")) {
      return filter(path, text.substring(2, text.length() - 1).strip());
    }
    if (text.length() >= 2 && (text.charAt(0) == '\'' || text.charAt(0) == '"')) {
      return new Step.Field(text.substring(1, text.length() - 1));
    }
    try {
      return new Step.Index(Integer.parseInt(text));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("unknown step [" + inside + "] in " + path, e);
    }
  }

  private static Step filter(String path, String condition) {
    boolean equal = condition.contains("==");
    int at = condition.indexOf(equal ? "==" : "!=");
    if (at < 0 || !condition.startsWith("@")) {
      throw new IllegalArgumentException("unknown condition " + condition + " in " + path);
    }
    String value = condition.substring(at + 2).strip();
    if (value.length() >= 2 && (value.charAt(0) == '\'' || value.charAt(0) == '"')) {
      value = value.substring(1, value.length() - 1);
    }
    return new Step.Filter(parse(condition.substring(1, at).strip()), value, equal);
  }

  /** All matches, in document order. */
  public List<JsonNode> find(JsonNode root) {
    List<JsonNode> nodes = List.of(root);
    for (Step step : steps) {
      nodes =
          nodes.stream()
              .flatMap(node -> apply(step, node).stream())
              .filter(node -> !node.isMissingNode())
              .toList();
    }
    return nodes;
  }

  private static List<JsonNode> apply(Step step, JsonNode node) {
    return switch (step) {
      case Step.Field field -> List.of(node.path(field.name()));
      case Step.Index index ->
          List.of(node.path(index.index() < 0 ? node.size() + index.index() : index.index()));
      case Step.All() -> children(node);
      case Step.Filter filter ->
          children(node).stream()
              .filter(
                  child ->
                      filter.path().find(child).stream()
                              .anyMatch(found -> found.asText().equals(filter.value()))
                          == filter.equal())
              .toList();
    };
  }

  private static List<JsonNode> children(JsonNode node) {
    return StreamSupport.stream(node.spliterator(), false).toList();
  }
}
