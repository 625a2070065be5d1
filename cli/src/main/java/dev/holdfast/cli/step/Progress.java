package dev.holdfast.cli.step;

import java.time.Duration;

/** Shows how far a command is. Implementations may be called from several threads. */
public interface Progress {
  /**
   * A step begins.
   *
   * @param number its number, from 1
   * @param count number of steps
   */
  void started(int number, int count, String name);

  /** The step in progress says what it is doing now; shown only where there is room for it. */
  void detail(String text);

  /** The step in progress is done. */
  void finished(String result, Duration took);

  /** The step in progress failed. */
  void failed(Duration took);
}
