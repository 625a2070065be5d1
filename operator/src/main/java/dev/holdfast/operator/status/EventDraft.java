package dev.holdfast.operator.status;

import dev.holdfast.crds.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to an object, to be told once.
 *
 * @param reason in CamelCase
 * @param message what happened and, for a warning, what to do about it
 */
public record EventDraft(Severity severity, String reason, String message) {
  /** Whether somebody should look at it. */
  public enum Severity {
    NORMAL,
    WARNING;

    String text() {
      return switch (this) {
        case NORMAL -> "Normal";
        case WARNING -> "Warning";
      };
    }
  }

  public static EventDraft normal(Reason reason, String message) {
    return new EventDraft(Severity.NORMAL, reason.text(), message);
  }

  public static EventDraft warning(Reason reason, String message) {
    return new EventDraft(Severity.WARNING, reason.text(), message);
  }

  /** A warning if the object is not ready for a reason that was not known before. */
  public static List<EventDraft> troubleBetween(
      @Nullable List<Condition> before, @Nullable List<Condition> after) {
    Condition ready = Condition.find(after, Condition.READY);
    Condition old = Condition.find(before, Condition.READY);
    if (ready == null || ready.status().equals(Condition.TRUE)) {
      return List.of();
    }
    boolean known =
        old != null && old.reason().equals(ready.reason()) && old.message().equals(ready.message());
    return known
        ? List.of()
        : List.of(new EventDraft(Severity.WARNING, ready.reason(), ready.message()));
  }
}
