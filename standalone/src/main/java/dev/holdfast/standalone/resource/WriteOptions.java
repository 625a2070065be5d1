package dev.holdfast.standalone.resource;

import dev.holdfast.standalone.schema.FieldError;
import dev.holdfast.standalone.schema.FieldError.Reason;
import java.util.List;

/**
 * How a write is to be done.
 *
 * @param dryRun everything but the storing
 * @param fieldManager who owns the fields that the write sets
 * @param force whether an apply takes fields away from other managers
 * @param warnings filled by the write with what the client should be told although it succeeded
 */
public record WriteOptions(
    boolean dryRun,
    String fieldManager,
    FieldValidation fieldValidation,
    boolean force,
    List<String> warnings) {

  private static final int MAX_MANAGER_BYTES = 128;

  /** What becomes of fields that the schema does not know, or that are given twice. */
  public enum FieldValidation {
    STRICT,
    WARN,
    IGNORE
  }

  /**
   * Checks the values of query parameters; empty ones were not given.
   *
   * @param optionsKind CreateOptions, UpdateOptions or PatchOptions, for messages
   * @param userAgent whose first word is the manager when none was given
   */
  public static WriteOptions parse(
      String optionsKind,
      List<String> dryRun,
      String fieldManager,
      String fieldValidation,
      boolean force,
      String userAgent,
      List<String> warnings) {
    boolean dry = dryRun(optionsKind, dryRun);
    if (fieldManager.length() > MAX_MANAGER_BYTES) {
      throw ApiException.invalidOption(
          optionsKind,
          new FieldError(
              Reason.FieldValueTooLong,
              "fieldManager",
              "Too long: may not be more than " + MAX_MANAGER_BYTES + " bytes"));
    }
    FieldValidation validation =
        switch (fieldValidation) {
          case "Strict" -> FieldValidation.STRICT;
          case "", "Warn" -> FieldValidation.WARN;
          case "Ignore" -> FieldValidation.IGNORE;
          default ->
              throw ApiException.invalidOption(
                  optionsKind,
                  new FieldError(
                      Reason.FieldValueNotSupported,
                      "fieldValidation",
                      "Unsupported value: \""
                          + fieldValidation
                          + "\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""));
        };
    String manager = fieldManager.isEmpty() ? firstWord(userAgent) : fieldManager;
    return new WriteOptions(dry, manager, validation, force, warnings);
  }

  /** Whether {@code dryRun=All} was asked for; any other value is refused. */
  public static boolean dryRun(String optionsKind, List<String> values) {
    if (values.isEmpty() || values.equals(List.of(""))) {
      return false;
    }
    if (values.equals(List.of("All"))) {
      return true;
    }
    throw ApiException.invalidOption(
        optionsKind,
        new FieldError(
            Reason.FieldValueNotSupported,
            "dryRun",
            "Unsupported value: [\""
                + String.join("\",\"", values)
                + "\"]: supported values: \"All\""));
  }

  private static String firstWord(String userAgent) {
    int slash = userAgent.indexOf('/');
    String word = slash < 0 ? userAgent : userAgent.substring(0, slash);
    return word.isEmpty() ? "unknown" : word;
  }
}
