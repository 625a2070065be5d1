package dev.holdfast.cli.step;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Runs the programs of the steps: by argument list, never through a shell, each with a bound on its
 * time. All they write goes to the log as they write it, the latest line to the progress.
 */
public final class Programs {
  /** Lines of a failed program's error output that its error carries. */
  private static final int ERROR_LINES = 12;

  private static final Duration DRAIN = Duration.ofSeconds(2);

  private final Map<String, String> environment;
  private final StepLog log;
  private final Consumer<String> detail;

  /**
   * Runs programs.
   *
   * @param environment what they find in their environment besides ours
   * @param detail gets each line that they write
   */
  public Programs(Map<String, String> environment, StepLog log, Consumer<String> detail) {
    this.environment = Map.copyOf(environment);
    this.log = log;
    this.detail = detail;
  }

  /**
   * Runs a program to its end.
   *
   * @return its standard output
   * @throws StepException when it cannot be started, takes longer than the timeout (it is killed),
   *     or ends with another status than 0; the message carries the end of its error output
   */
  public String run(Duration timeout, List<String> arguments)
      throws StepException, InterruptedException {
    String command = String.join(" ", arguments);
    log.line("$ " + command);
    Process process = start(arguments, command);
    StringBuilder output = new StringBuilder();
    Deque<String> errors = new ArrayDeque<>();
    Thread outputReader =
        read(process.getInputStream(), line -> output.append(line).append(System.lineSeparator()));
    Thread errorReader =
        read(
            process.getErrorStream(),
            line -> {
              errors.addLast(line);
              if (errors.size() > ERROR_LINES) {
                errors.removeFirst();
              }
            });
    boolean ended = false;
    try {
      ended = process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } finally {
      if (!ended) {
        // By its handle: the process object would close the streams, and lose its last words.
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.toHandle().destroyForcibly();
      }
    }
    outputReader.join(DRAIN);
    errorReader.join(DRAIN);
    if (!ended) {
      throw new StepException(
          command + " did not end within " + timeout.toSeconds() + " s" + said(errors));
    }
    if (process.exitValue() != 0) {
      throw new StepException(command + " ended with status " + process.exitValue() + said(errors));
    }
    return output.toString();
  }

  private Process start(List<String> arguments, String command) throws StepException {
    ProcessBuilder builder = new ProcessBuilder(arguments);
    builder.environment().putAll(environment);
    builder.redirectInput(new File("/dev/null"));
    try {
      return builder.start();
    } catch (IOException e) {
      throw new StepException(
          "cannot start " + command + ": " + e.getMessage() + "; is it installed?", e);
    }
  }

  private static String said(Deque<String> errors) {
    return errors.isEmpty() ? "" : ":" + System.lineSeparator() + String.join("\n", errors);
  }

  private Thread read(InputStream stream, Consumer<String> lines) {
    return Thread.ofPlatform()
        .daemon()
        .name("program-output")
        .start(
            () -> {
              try (BufferedReader reader =
                  new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                  log.line("  " + line);
                  detail.accept(line);
                  synchronized (lines) {
                    lines.accept(line);
                  }
                }
              } catch (IOException e) {
                // The pipe is closed when the program is killed; its end says why.
                log.line("  (output lost: " + e.getMessage() + ")");
              }
            });
  }
}
