package dev.holdfast.standalone.read;

import dev.holdfast.standalone.resource.ApiException;
import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.FieldError.Reason;
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

  /**
   * Checks the values of query parameters.
   *
   * @param parameter gives a parameter's value, empty when it was not given
   */
  public static ListOptions parse(
      Selection selection, Function<String, String> parameter, boolean watch) {
    String version = parameter.apply("resourceVersion");
    String match = parameter.apply("resourceVersionMatch");
    String initial = parameter.apply("sendInitialEvents");
    long limit = number(parameter.apply("limit"));
    long timeout = number(parameter.apply("timeoutSeconds"));
    if (watch) {
      checkWatch(match, initial);
    } else {
      checkList(version, match, initial);
    }
    return new ListOptions(
        selection,
        version,
        match,
        Math.max(0, limit),
        watch ? "" : parameter.apply("continue"),
        Math.max(0, timeout),
        parameter.apply("allowWatchBookmarks").matches("true|1"),
        initial);
  }

  private static void checkList(String version, String match, String initial) {
    if (!initial.isEmpty()) {
      throw forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
    }
    if (match.isEmpty()) {
      return;
    }
    if (version.isEmpty()) {
      throw forbidden(
          "resourceVersionMatch",
          "resourceVersionMatch is forbidden unless resourceVersion is provided");
    }
    if (!match.equals("Exact") && !match.equals("NotOlderThan")) {
      throw ApiException.invalidOption(
          "ListOptions",
          new FieldError(
              Reason.FieldValueNotSupported,
              "resourceVersionMatch",
              "Unsupported value: \""
                  + match
                  + "\": supported values: \"Exact\", \"NotOlderThan\", \"\""));
    }
    if (match.equals("Exact") && version.equals("0")) {
      throw forbidden(
          "resourceVersionMatch",
          "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
    }
  }

  private static void checkWatch(String match, String initial) {
    if (initial.isEmpty() && !match.isEmpty()) {
      throw forbidden(
          "resourceVersionMatch",
          "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    if (!initial.isEmpty() && !match.equals("NotOlderThan")) {
      throw forbidden(
          "resourceVersionMatch",
          "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
  }

  private static ApiException forbidden(String field, String why) {
    return ApiException.invalidOption(
        "ListOptions", new FieldError(Reason.FieldValueForbidden, field, "Forbidden: " + why));
  }

  private static long number(String text) {
    if (text.isEmpty()) {
      return 0;
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw ApiException.badRequest("strconv.ParseInt: parsing \"" + text + "\": invalid syntax");
    }
  }
}
