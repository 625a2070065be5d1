package dev.holdfast.standalone.schema;

/**
 * One cause of a 422 answer.
 *
 * @param field path of the field as kubectl shows it ({@code spec.disks[0].name}), or {@code <nil>}
 * @param message text without the field, as in {@code details.causes[].message} of a Status
 */
public record FieldError(Reason reason, String field, String message) {

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

  /** The error in one line, as in the message of a Status: {@code spec.cpu: Required value}. */
  public String text() {
    return field + ": " + message;
  }
}
