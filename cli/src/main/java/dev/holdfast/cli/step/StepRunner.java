package dev.holdfast.cli.step;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

/**
 * Runs steps in order and stops at the first vital one that fails. Of each failure it says which
 * step, why, and where the log is.
 */
public final class StepRunner {
  private final Progress progress;
  private final PrintStream errors;
  private final InstantSource clock;
  private final StepLog log;

  public StepRunner(Progress progress, PrintStream errors, InstantSource clock, StepLog log) {
    this.progress = progress;
    this.errors = errors;
    this.clock = clock;
    this.log = log;
  }

  /** Whether all steps succeeded. */
  public boolean run(List<Step> steps) throws InterruptedException {
    boolean succeeded = true;
    for (int i = 0; i < steps.size(); i++) {
      if (!run(i + 1, steps.size(), steps.get(i))) {
        succeeded = false;
        if (steps.get(i).vital()) {
          break;
        }
      }
    }
    return succeeded;
  }

  private boolean run(int number, int count, Step step) throws InterruptedException {
    Instant start = clock.instant();
    log.line("== " + step.name());
    progress.started(number, count, step.name());
    try {
      String result = step.action().run();
      log.line("== done: " + result);
      progress.finished(result, Duration.between(start, clock.instant()));
      return true;
    } catch (StepException e) {
      log.failure(e);
      progress.failed(Duration.between(start, clock.instant()));
      errors.println();
      errors.println("Step " + number + " failed: " + step.name());
      errors.println(e.getMessage());
      errors.println("Log: " + shown(log.file()));
      errors.flush();
      return false;
    }
  }

  private static String shown(Path file) {
    return file.toAbsolutePath().toString();
  }
}
