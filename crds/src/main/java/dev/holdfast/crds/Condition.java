package dev.holdfast.crds;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One observation of an object's state. Polarity and meaning follow kstatus: {@code Ready} is True
 * when the object has converged to its spec, {@code Reconciling} while somebody works on it, {@code
 * Stalled} when only a change by the user can help.
 *
 * @param status {@code True}, {@code False} or {@code Unknown}
 * @param reason cause of the last transition in CamelCase
 * @param message what it means and what to do about it
 * @param lastTransitionTime when {@code status} last changed, RFC 3339
 * @param observedGeneration {@code metadata.generation} that was evaluated
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Condition(
    String type,
    String status,
    String reason,
    String message,
    String lastTransitionTime,
    @Nullable Long observedGeneration) {

  public static final String READY = "Ready";
  public static final String RECONCILING = "Reconciling";
  public static final String STALLED = "Stalled";

  public static final String TRUE = "True";
  public static final String FALSE = "False";
  public static final String UNKNOWN = "Unknown";

  /** The condition of that type, or null. */
  public static @Nullable Condition find(@Nullable List<Condition> conditions, String type) {
    if (conditions == null) {
      return null;
    }
    return conditions.stream().filter(c -> c.type().equals(type)).findFirst().orElse(null);
  }

  /** Whether the condition of that type is there and True. */
  public static boolean isTrue(@Nullable List<Condition> conditions, String type) {
    Condition condition = find(conditions, type);
    return condition != null && condition.status().equals(TRUE);
  }
}
