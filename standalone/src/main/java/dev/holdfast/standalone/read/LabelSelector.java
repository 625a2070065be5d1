package dev.holdfast.standalone.read;

import dev.holdfast.standalone.resource.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Selection by labels: {@code a=b,c!=d,e in (f,g),h notin (i),j,!k}. */
final class LabelSelector {
  private static final Pattern TOKEN =
      Pattern.compile("\\s*(?:(==|=|!=|!|,|\\(|\\)|<|>)|([^\\s=!,()<>]+))");

  private final List<String> tokens = new ArrayList<>();
  private int at;

  private LabelSelector(String text) {
    Matcher matcher = TOKEN.matcher(text.strip());
    int end = 0;
    while (end < text.strip().length() && matcher.find(end) && matcher.start() == end) {
      tokens.add(matcher.group(1) != null ? matcher.group(1) : matcher.group(2));
      end = matcher.end();
    }
  }

  /**
   * Parses a selector; an empty one selects everything.
   *
   * @throws ApiException 400 when it can't be parsed
   */
  static Predicate<Map<String, String>> parse(String text) {
    LabelSelector parser = new LabelSelector(text);
    Predicate<Map<String, String>> all = labels -> true;
    while (parser.at < parser.tokens.size()) {
      all = all.and(parser.requirement());
      if (parser.at < parser.tokens.size()) {
        parser.expect(",", "',' or 'end of string'");
      }
    }
    return all;
  }

  private Predicate<Map<String, String>> requirement() {
    if (peek().equals("!")) {
      at++;
      String key = identifier();
      return labels -> !labels.containsKey(key);
    }
    String key = identifier();
    return switch (peek()) {
      case "", "," -> labels -> labels.containsKey(key);
      case "=", "==" -> {
        at++;
        String value = value();
        yield labels -> value.equals(labels.get(key));
      }
      case "!=" -> {
        at++;
        String value = value();
        yield labels -> !value.equals(labels.get(key));
      }
      case "in" -> {
        at++;
        List<String> values = values();
        yield labels -> labels.containsKey(key) && values.contains(labels.get(key));
      }
      case "notin" -> {
        at++;
        List<String> values = values();
        yield labels -> !labels.containsKey(key) || !values.contains(labels.get(key));
      }
      default ->
          throw failed(peek(), "in, notin, =, ==, !=, gt, lt"); // as the real server words it
    };
  }

  private List<String> values() {
    expect("(", "'('");
    List<String> values = new ArrayList<>();
    while (!peek().equals(")")) {
      values.add(value());
      if (peek().equals(",")) {
        at++;
      } else if (!peek().equals(")")) {
        throw failed(peek(), "',' or ')'");
      }
    }
    at++;
    return values;
  }

  private String value() {
    return peek().isEmpty() || peek().equals(",") || peek().equals(")") ? "" : tokens.get(at++);
  }

  private String identifier() {
    String token = peek();
    if (token.isEmpty() || Character.isLetterOrDigit(token.charAt(0)) || token.contains("/")) {
      if (token.isEmpty()) {
        throw failed(token, "identifier");
      }
      at++;
      return token;
    }
    throw failed(token, "identifier");
  }

  private void expect(String token, String words) {
    if (!peek().equals(token)) {
      throw failed(peek(), words);
    }
    at++;
  }

  private String peek() {
    return at < tokens.size() ? tokens.get(at) : "";
  }

  private static ApiException failed(String found, String expected) {
    return ApiException.badRequest(
        "unable to parse requirement: found '" + found + "', expected: " + expected);
  }
}
