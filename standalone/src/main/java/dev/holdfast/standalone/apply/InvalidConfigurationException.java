package dev.holdfast.standalone.apply;

/**
 * An applied configuration that does not fit the schema so far that it can't be merged: a value of
 * the wrong type, or two items with one key. Kubernetes answers 500 with this message.
 */
public final class InvalidConfigurationException extends RuntimeException {
  InvalidConfigurationException(String message) {
    super(message);
  }
}
