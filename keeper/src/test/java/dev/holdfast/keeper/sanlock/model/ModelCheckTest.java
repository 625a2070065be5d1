package dev.holdfast.keeper.sanlock.model;

import static org.assertj.core.api.Assertions.fail;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Safety of both algorithms in many schedules. */
class ModelCheckTest {
  /** Where a failure has told a seed: -Dmodel.seed=SEED runs that schedule alone. */
  private static final long ONLY = Long.getLong("model.seed", 0);

  private static final int MOST_WITHOUT_A_RULE = 20_000;

  @Test
  void noTwoHostsEverRunOnTheSameLease() {
    check(1, 10_000);
  }

  @Test
  @Tag("heavy")
  void noTwoHostsEverRunOnTheSameLeaseInAMillionSchedules() {
    check(1_000_000, Integer.getInteger("model.schedules", 1_000_000));
  }

  @ParameterizedTest
  @EnumSource
  void everyRuleIsNeeded(BrokenRule without) {
    SharedStorage.Scratch scratch = new SharedStorage.Scratch();
    for (long seed = 1; seed <= MOST_WITHOUT_A_RULE; seed++) {
      try {
        var _ = new Schedule(seed, scratch, without, false).run();
      } catch (Referee.Violation violation) {
        System.out.printf("without %s: schedule %d: %s%n", without, seed, violation.getMessage());
        return;
      }
    }
    fail("nothing went wrong without " + without + " in " + MOST_WITHOUT_A_RULE + " schedules");
  }

  private static void check(long firstSeed, int schedules) {
    long began = System.nanoTime();
    SharedStorage.Scratch scratch = new SharedStorage.Scratch();
    long grants = 0;
    long steps = 0;
    long first = ONLY == 0 ? firstSeed : ONLY;
    long count = ONLY == 0 ? schedules : 1;
    for (long seed = first; seed < first + count; seed++) {
      try {
        Schedule.Outcome outcome = new Schedule(seed, scratch, Sabotage.NONE, ONLY != 0).run();
        grants += outcome.grants();
        steps += outcome.steps();
      } catch (RuntimeException | Error failure) {
        throw new AssertionError("in schedule " + seed + ": " + failure.getMessage(), failure);
      }
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    System.out.printf(
        "%d schedules with %d grants in %d steps: %.0f schedules/s%n",
        count, grants, steps, count / seconds);
  }
}
