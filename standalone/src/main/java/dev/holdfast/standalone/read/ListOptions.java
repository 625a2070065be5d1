package dev.holdfast.standalone.read;

import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.schema.FieldError;
import java.util.Set;
import java.util.function.Function;

/**
 * What part of which state a list or a watch is to show; {@code meta/v1 ListOptions}.
 *
 * @param resourceVersion empty when it was not given
 * @param match Exact, NotOlderThan or empty
 * @param limit 0 for no limit
 * @param continueToken empty, or where the page before ended
 * @param timeoutSeconds 0 when it was not given
 */
public record ListOptions(
    Selection selection,
    String resourceVersion,
    String match,
    long limit,
    String continueToken,
    long timeoutSeconds,
    boolean bookmarks,
    String sendInitialEvents) {
  private static final String MATCH = "resourceVersionMatch";

  /**
   * Checks the values of query parameters.
   *
   * @param parameter gives a parameter's value, empty when it was not given
   */
  public static ListOptions parse(
      Selection selection, Function<String, String> parameter, boolean watch) {
    String version = parameter.apply("resourceVersion");
    String match = parameter.apply(MATCH);
    String initial = parameter.apply("sendInitialEvents");
    if (watch) {
      checkWatch(match, initial);
    } else {
      checkList(version, match, initial);
    }
    return new ListOptions(
        selection,
        version,
        match,
        Math.max(0, number(parameter.apply("limit"))),
        watch ? "" : parameter.apply("continue"),
        Math.max(0, number(parameter.apply("timeoutSeconds"))),
        parameter.apply("allowWatchBookmarks").matches("true|1"),
        initial);
  }

  private static void checkList(String version, String match, String initial) {
    if (!initial.isEmpty()) {
      throw forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
    }
    if (!match.isEmpty() && version.isEmpty()) {
      throw forbidden(MATCH, MATCH + " is forbidden unless resourceVersion is provided");
    }
    if (!Set.of("", "Exact", "NotOlderThan").contains(match)) {
      throw refused(
          FieldError.unsupported(MATCH, "\"" + match + "\"", "Exact", "NotOlderThan", ""));
    }
    if (match.equals("Exact") && version.equals("0")) {
      throw forbidden(MATCH, MATCH + " \"exact\" is forbidden for resourceVersion \"0\"");
    }
  }

  private static void checkWatch(String match, String initial) {
    if (initial.isEmpty() && !match.isEmpty()) {
      throw forbidden(
          MATCH, MATCH + " is forbidden for watch unless sendInitialEvents is provided");
    }
    if (!initial.isEmpty() && !match.equals("NotOlderThan")) {
      throw forbidden(MATCH, "sendInitialEvents requires setting " + MATCH + " to NotOlderThan");
    }
  }

  private static ApiException forbidden(String field, String why) {
    return refused(FieldError.forbidden(field, why));
  }

  private static ApiException refused(FieldError error) {
    return ApiException.invalidOption("ListOptions", error);
  }

  private static long number(String text) {
    try {
      return text.isEmpty() ? 0 : Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw ApiException.badRequest("strconv.ParseInt: parsing \"" + text + "\": invalid syntax");
    }
  }
}
