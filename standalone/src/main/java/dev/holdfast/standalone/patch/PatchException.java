package dev.holdfast.standalone.patch;

/** A patch that can't be read or doesn't fit the object. */
public final class PatchException extends RuntimeException {
  private final Kind kind;

  /** Which HTTP status the fault is. */
  public enum Kind {
    /** 400 BadRequest: the patch itself is wrong. */
    MALFORMED,
    /** 500, without a reason: a directive that nobody knows. */
    UNKNOWN_DIRECTIVE,
    /** 422 Invalid: the patch is right but this object has not what it expects. */
    NOT_APPLICABLE
  }

  PatchException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
