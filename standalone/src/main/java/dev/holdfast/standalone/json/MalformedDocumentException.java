package dev.holdfast.standalone.json;

/** A document that is not JSON or YAML; the message says what and where, as Go's decoder does. */
public final class MalformedDocumentException extends RuntimeException {
  MalformedDocumentException(String message) {
    super(message);
  }
}
