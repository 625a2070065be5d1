package dev.holdfast.cli.step;

import java.io.PrintStream;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One line for each step on a terminal, painted again several times a second while it runs: time
 * taken and the latest detail.
 */
public final class LiveProgress implements Progress, AutoCloseable {
  private static final Duration REPAINT = Duration.ofMillis(200);
  private static final String ERASE_LINE = "\r\033[2K";

  /** A longer line would wrap and then not be erased; no terminal in use is narrower. */
  private static final int COLUMNS = 79;

  private final PrintStream out;
  private final InstantSource clock;
  private final Thread painter;
  private @Nullable Running running;

  private record Running(String title, String detail, long startedMillis) {}

  public LiveProgress(PrintStream out, InstantSource clock) {
    this.out = out;
    this.clock = clock;
    this.painter = Thread.ofVirtual().name("progress").start(this::repaint);
  }

  @Override
  public synchronized void started(int number, int count, String name) {
    String title = String.format(Locale.ROOT, "[%d/%d] %s", number, count, name);
    running = new Running(title, "", clock.millis());
    paint();
  }

  @Override
  public synchronized void detail(String text) {
    Running current = running;
    if (current != null) {
      running = new Running(current.title(), text, current.startedMillis());
    }
  }

  @Override
  public synchronized void finished(String result, Duration took) {
    end(result, took);
  }

  @Override
  public synchronized void failed(Duration took) {
    end("failed", took);
  }

  private void end(String result, Duration took) {
    Running current = running;
    running = null;
    if (current != null) {
      out.printf(
          "%s%s: %s (%s)%n", ERASE_LINE, current.title(), result, LineProgress.seconds(took));
      out.flush();
    }
  }

  private synchronized void paint() {
    Running current = running;
    if (current == null) {
      return;
    }
    long seconds = (clock.millis() - current.startedMillis()) / 1000;
    String line = current.title() + " ... " + seconds + " s  " + current.detail();
    out.print(ERASE_LINE + line.substring(0, Math.min(line.length(), COLUMNS)).stripTrailing());
    out.flush();
  }

  private void repaint() {
    try {
      while (true) {
        Thread.sleep(REPAINT);
        paint();
      }
    } catch (InterruptedException e) {
      // close() says so.
      return;
    }
  }

  @Override
  public void close() {
    painter.interrupt();
  }
}
