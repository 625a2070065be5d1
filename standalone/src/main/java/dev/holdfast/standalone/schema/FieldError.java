package dev.holdfast.standalone.schema;

/**
 * One cause of a 422 answer.
 *
 * @param field path of the field as kubectl shows it ({@code spec.disks[0].name}), or {@code <nil>}
 * @param message text without the field, as in {@code details.causes[].message} of a Status
 */
public record FieldError(Reason reason, String field, String message) {
  /** Stands for the field of an error that has none. */
  static final String WHOLE = "<nil>";

  /** CauseType of apimachinery, meta/v1/types.go; the names are what goes over the wire. */
  public enum Reason {
    FieldValueRequired,
    FieldValueInvalid,
    FieldValueNotSupported,
    FieldValueTypeInvalid,
    FieldValueTooLong,
    FieldValueTooMany,
    FieldValueDuplicate,
    FieldValueForbidden
  }

  /** A value that breaks a rule. */
  public static FieldError invalid(String field, String value, String rule) {
    return new FieldError(
        Reason.FieldValueInvalid, field, "Invalid value: \"" + value + "\": " + rule);
  }

  public static FieldError required(String field, String why) {
    return new FieldError(Reason.FieldValueRequired, field, "Required value: " + why);
  }

  public static FieldError forbidden(String field, String why) {
    return new FieldError(Reason.FieldValueForbidden, field, "Forbidden: " + why);
  }

  public static FieldError tooLong(String field, long maxBytes) {
    String message = "Too long: may not be more than " + counted(maxBytes, "byte");
    return new FieldError(Reason.FieldValueTooLong, field, message);
  }

  static String counted(long count, String what) {
    return count + " " + what + (count == 1 ? "" : "s");
  }

  /**
   * A value that is none of those there are.
   *
   * @param value as it is shown, with its quotes
   */
  public static FieldError unsupported(String field, String value, String... supported) {
    return new FieldError(
        Reason.FieldValueNotSupported,
        field,
        "Unsupported value: %s: supported values: \"%s\""
            .formatted(value, String.join("\", \"", supported)));
  }

  /** The error in one line, as in the message of a Status: {@code spec.cpu: Required value}. */
  public String text() {
    return field + ": " + message;
  }

  /** The same of a field of another. */
  public FieldError below(String path) {
    String place = field.equals(WHOLE) ? path : path + "." + field;
    return new FieldError(reason, place, message);
  }
}
