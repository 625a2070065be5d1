package dev.holdfast.node.plan;

/**
 * What a task is about. Tasks of different subjects may run at the same time, those of one never
 * do.
 */
public sealed interface Subject {
  /**
   * A machine with everything that is its own: process, runtime directory, taps, grants of its
   * images.
   */
  record Machine(String uuid) implements Subject {}

  /** A disk image. */
  record Disk(String path) implements Subject {}

  /** This host's part in a lockspace. */
  record Lockspace(String name) implements Subject {}

  /** The networks of the node that nobody needs any more. */
  record Networks() implements Subject {}
}
