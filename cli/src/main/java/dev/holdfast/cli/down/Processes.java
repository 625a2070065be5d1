package dev.holdfast.cli.down;

import dev.holdfast.cli.step.StepException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Ends processes that were told to end. */
final class Processes {
  private static final Duration KILLED = Duration.ofSeconds(10);

  /**
   * Waits until it is gone, and kills it when that takes too long.
   *
   * @return false if it had to be killed
   * @throws StepException when it lives on even so
   */
  boolean end(ProcessHandle process, Duration patience) throws StepException, InterruptedException {
    if (ends(process, patience)) {
      return true;
    }
    process.destroyForcibly();
    if (!ends(process, KILLED)) {
      throw new StepException(
          "process "
              + process.pid()
              + " does not end, not even by SIGKILL: it waits in the kernel, see /proc/"
              + process.pid()
              + "/stack");
    }
    return false;
  }

  private static boolean ends(ProcessHandle process, Duration patience)
      throws InterruptedException {
    try {
      var _ = process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException("waiting for process " + process.pid(), e);
    }
  }
}
