package dev.holdfast.cli.step;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/** Two lines for each step, for logs and pipes. */
public final class LineProgress implements Progress {
  private final PrintStream out;

  public LineProgress(PrintStream out) {
    this.out = out;
  }

  @Override
  public void started(int number, int count, String name) {
    out.printf(Locale.ROOT, "[%d/%d] %s%n", number, count, name);
    out.flush();
  }

  @Override
  public void detail(String text) {}

  @Override
  public void finished(String result, Duration took) {
    out.printf(Locale.ROOT, "      %s (%s)%n", result, seconds(took));
    out.flush();
  }

  @Override
  public void failed(Duration took) {
    out.printf(Locale.ROOT, "      failed (%s)%n", seconds(took));
    out.flush();
  }

  static String seconds(Duration took) {
    return String.format(Locale.ROOT, "%.1f s", took.toMillis() / 1000.0);
  }
}
