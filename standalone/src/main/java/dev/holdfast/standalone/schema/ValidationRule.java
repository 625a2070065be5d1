package dev.holdfast.standalone.schema;

/**
 * One of {@code x-kubernetes-validations}. Texts that are not given are empty.
 *
 * @param reason the reason that a violation is reported with
 * @param fieldPath where below the rule's own place a violation is reported: {@code .memory}
 */
public record ValidationRule(
    String rule,
    String message,
    String messageExpression,
    FieldError.Reason reason,
    String fieldPath,
    boolean optionalOldSelf) {

  /** How errors name the rule. */
  public String name() {
    return (message.isEmpty() ? rule : message).strip();
  }
}
