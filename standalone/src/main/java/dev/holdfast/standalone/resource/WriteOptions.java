package dev.holdfast.standalone.resource;

import dev.holdfast.standalone.schema.FieldError;
import java.util.ArrayList;
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

  /** Options of the control plane itself: all that it writes is right. */
  public static WriteOptions of(String fieldManager, boolean dryRun) {
    return new WriteOptions(dryRun, fieldManager, FieldValidation.IGNORE, false, new ArrayList<>());
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
          optionsKind, FieldError.tooLong("fieldManager", MAX_MANAGER_BYTES));
    }
    FieldValidation validation =
        switch (fieldValidation) {
          case "Strict" -> FieldValidation.STRICT;
          case "", "Warn" -> FieldValidation.WARN;
          case "Ignore" -> FieldValidation.IGNORE;
          default -> {
            String given = "\"" + fieldValidation + "\"";
            throw ApiException.invalidOption(
                optionsKind,
                FieldError.unsupported("fieldValidation", given, "", "Ignore", "Strict", "Warn"));
          }
        };
    String word = userAgent.split("/", 2)[0];
    String manager = !fieldManager.isEmpty() ? fieldManager : word.isEmpty() ? "unknown" : word;
    return new WriteOptions(dry, manager, validation, force, warnings);
  }

  /** Whether {@code dryRun=All} was asked for; any other value is refused. */
  static boolean dryRun(String optionsKind, List<String> values) {
    if (values.isEmpty() || values.equals(List.of(""))) {
      return false;
    }
    if (!values.equals(List.of("All"))) {
      String given = "[\"" + String.join("\",\"", values) + "\"]";
      throw ApiException.invalidOption(optionsKind, FieldError.unsupported("dryRun", given, "All"));
    }
    return true;
  }
}
