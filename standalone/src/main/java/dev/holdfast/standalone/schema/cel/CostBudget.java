package dev.holdfast.standalone.schema.cel;

import dev.cel.common.ast.CelExpr;
import dev.cel.runtime.CelEvaluationListener;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the rules of one object may cost in all, messages included, so that no rule takes the
 * processor for more than some seconds. Counted as Kubernetes counts (cost.go of cel-go and of
 * apiserver) but roughly, and twice as fine: a step for each value that is computed, and more for
 * large ones, which a function may look through.
 */
public final class CostBudget implements CelEvaluationListener {
  private static final long STEPS =
      10_000_000; // a cluster allows the double in all, a tenth a rule
  private static final int CHARACTERS_PER_STEP = 5;
  private static final int STEPS_PER_ITEM = 2;

  private long left = STEPS;

  @Override
  public void callback(CelExpr expression, @Nullable Object value) {
    left -=
        switch (value) {
          case String text -> 1 + text.length() / CHARACTERS_PER_STEP;
          case Collection<?> items -> 1 + (long) items.size() * STEPS_PER_ITEM;
          case Map<?, ?> fields -> 1 + (long) fields.size() * STEPS_PER_ITEM;
          case null, default -> 1;
        };
    if (isExhausted()) {
      throw new IllegalStateException("the rules of an object cost too much");
    }
  }

  /** Whether a rule was stopped; its result then says nothing. */
  public boolean isExhausted() {
    return left < 0;
  }
}
