package dev.holdfast.crds;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Collects the conditions of one evaluation. The transition time of a condition whose status did
 * not change is taken over from before, so that an evaluation without news yields a list equal to
 * the old one.
 */
public final class Conditions {
  private final @Nullable List<Condition> before;
  private final long generation;
  private final Instant now;
  private final List<Condition> after = new ArrayList<>();

  /**
   * @param before the conditions now in the object's status
   * @param generation the {@code metadata.generation} that is evaluated
   */
  public Conditions(@Nullable List<Condition> before, long generation, Instant now) {
    this.before = before;
    this.generation = generation;
    this.now = now;
  }

  public Conditions add(String type, boolean holds, String reason, String message) {
    return add(type, holds ? Condition.TRUE : Condition.FALSE, reason, message);
  }

  /** Adds a condition with a status of {@code True}, {@code False} or {@code Unknown}. */
  public Conditions add(String type, String status, String reason, String message) {
    Condition old = Condition.find(before, type);
    String since =
        old != null && old.status().equals(status)
            ? old.lastTransitionTime()
            : now.truncatedTo(ChronoUnit.SECONDS).toString();
    after.add(new Condition(type, status, reason, message, since, generation));
    return this;
  }

  /** The conditions in the order in which they were added. */
  public List<Condition> toList() {
    return List.copyOf(after);
  }
}
