package dev.holdfast.standalone.patch;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.standalone.json.Json;

/** A patch that can't be read or doesn't fit the object. */
public final class PatchException extends RuntimeException {
  private final Kind kind;

  /** Which HTTP status the fault is. */
  public enum Kind {
    /** 400 BadRequest: the patch itself is wrong. */
    MALFORMED,
    /** 500, without a reason: a directive that nobody knows, an item without its key. */
    UNKNOWN_DIRECTIVE,
    /** 422 Invalid: the patch is right but this object has not what it expects. */
    NOT_APPLICABLE
  }

  PatchException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  static PatchException wrongType(JsonNode patch, String wanted) {
    return new PatchException(
        Kind.MALFORMED,
        "error decoding patch: json: cannot unmarshal %s into Go value of type %s"
            .formatted(Json.goType(patch), wanted));
  }

  static PatchException notApplicable() {
    return new PatchException(
        Kind.NOT_APPLICABLE, "the server rejected our request due to an error in our request");
  }

  public Kind kind() {
    return kind;
  }
}
