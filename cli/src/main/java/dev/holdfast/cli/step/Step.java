package dev.holdfast.cli.step;

/**
 * One named part of a long command.
 *
 * @param name what is done, in the imperative, as the user reads it
 * @param action does it
 * @param vital whether the steps after it make no sense when it failed
 */
public record Step(String name, Action action, boolean vital) {
  /** A vital step. */
  public Step(String name, Action action) {
    this(name, action, true);
  }

  /** A step after whose failure the others are still worth doing. */
  public static Step optional(String name, Action action) {
    return new Step(name, action, false);
  }

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
