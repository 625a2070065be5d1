package dev.holdfast.standalone.read;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.holdfast.standalone.resource.ApiException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Selection by labels: {@code a=b,c!=d,e in (f,g),h notin (i),j,!k}. */
final class LabelSelector {
  private static final Pattern TOKEN = Pattern.compile("==|!=|[=!,()<>]|[^\\s=!,()<>]+");
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}].*|.*/.*");

  private final Deque<String> tokens = new ArrayDeque<>();

  /**
   * Parses a selector; an empty one selects everything.
   *
   * @return what is true of the labels that are selected; they may be missing
   * @throws ApiException 400 when it can't be parsed
   */
  static Predicate<JsonNode> parse(String text) {
    LabelSelector selector = new LabelSelector();
    TOKEN.matcher(text).results().forEach(token -> selector.tokens.add(token.group()));
    Predicate<JsonNode> all = labels -> true;
    while (!selector.tokens.isEmpty()) {
      all = all.and(selector.requirement());
      if (!selector.tokens.isEmpty()) {
        String found = selector.next();
        if (!found.equals(",")) {
          throw ApiException.badRequest("found '" + found + "', expected: ',' or 'end of string'");
        }
      }
    }
    return all;
  }

  private Predicate<JsonNode> requirement() {
    boolean absent = peek().equals("!");
    if (absent) {
      tokens.remove();
    }
    String key = next();
    if (!WORD.matcher(key).matches()) {
      throw failed(key, "identifier");
    }
    String operator = peek();
    if (absent || operator.isEmpty() || operator.equals(",")) {
      return labels -> labels.has(key) != absent;
    }
    tokens.remove();
    Set<JsonNode> values =
        switch (operator) {
          case "=", "==", "!=" -> Set.of(value());
          case "in", "notin" -> values();
          default -> throw failed(operator, "in, notin, =, ==, !=, gt, lt");
        };
    boolean among = !operator.equals("!=") && !operator.equals("notin");
    return labels -> values.contains(labels.path(key)) == among;
  }

  private Set<JsonNode> values() {
    expect("(", "'('");
    Set<JsonNode> values = new HashSet<>();
    while (!peek().equals(")")) {
      values.add(value());
      if (peek().equals(",")) {
        tokens.remove();
      } else if (!peek().equals(")")) {
        throw failed(peek(), "',' or ')'");
      }
    }
    tokens.remove();
    return values;
  }

  private JsonNode value() {
    return TextNode.valueOf(peek().matches("[,)]?") ? "" : next());
  }

  private void expect(String token, String words) {
    String found = next();
    if (!found.equals(token)) {
      throw failed(found, words);
    }
  }

  private String peek() {
    String token = tokens.peek();
    return token == null ? "" : token;
  }

  private String next() {
    String token = tokens.poll();
    return token == null ? "" : token;
  }

  /** As the real server words it. */
  private static ApiException failed(String found, String expected) {
    return ApiException.badRequest(
        "unable to parse requirement: found '" + found + "', expected: " + expected);
  }
}
