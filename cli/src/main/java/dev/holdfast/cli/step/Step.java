package dev.holdfast.cli.step;

/**
 * One named part of a long command.
 *
 * @param name what is done, in the imperative, as the user reads it
 * @param action does it
 */
public record Step(String name, Action action) {
  /** The work of a step. */
  @FunctionalInterface
  public interface Action {
    /**
     * Does the work.
     *
     * @return what came of it, in a few words
     * @throws StepException when it failed, with the reason and what to do about it
     */
    String run() throws StepException, InterruptedException;
  }
}
