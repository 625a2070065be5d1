package dev.holdfast.node.host.command;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.holdfast.node.host.HostException;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One run of an external program, never through a shell. The program sees {@code LC_ALL=C}, {@code
 * /} as its working directory and, without input, an empty standard input. It may be run from a
 * virtual thread: its pipes are read and written by platform threads, so that no carrier is held.
 *
 * <p>A program that puts a daemon into the background counts as finished when it exits itself, also
 * where the daemon keeps its pipes open.
 *
 * @param arguments the program, looked up on the PATH, and its arguments
 * @param timeout after this time the program and its descendants are killed
 * @param input what it reads from its standard input, or null for nothing
 * @param outputLimit most bytes that it may write to its standard output
 */
public record Command(
    List<String> arguments, Duration timeout, @Nullable String input, int outputLimit) {

  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final int DEFAULT_OUTPUT_LIMIT = 16 << 20;

  /** As much of an error's words as still fits a condition's message. */
  private static final int STDERR_LIMIT = 4096;

  /** How long to wait for the end of the output of a program that has ended. */
  private static final long DRAIN_MILLIS = 2_000;

  public Command {
    arguments = List.copyOf(arguments);
    if (arguments.isEmpty()) {
      throw new IllegalArgumentException("a command needs at least the name of a program");
    }
  }

  /** A command with a timeout of 30 s, no input and at most 16 MiB of output. */
  public static Command of(List<String> arguments) {
    return new Command(arguments, DEFAULT_TIMEOUT, null, DEFAULT_OUTPUT_LIMIT);
  }

  /** A command with a timeout of 30 s, no input and at most 16 MiB of output. */
  public static Command of(String... arguments) {
    return of(List.of(arguments));
  }

  public Command withTimeout(Duration newTimeout) {
    return new Command(arguments, newTimeout, input, outputLimit);
  }

  public Command withInput(String newInput) {
    return new Command(arguments, timeout, newInput, outputLimit);
  }

  public Command withOutputLimit(int bytes) {
    return new Command(arguments, timeout, input, bytes);
  }

  /**
   * Runs the program and expects that it succeeds.
   *
   * @throws HostException as {@link #execute}, and with reason {@code CommandFailed} when the exit
   *     status is not 0; the message carries the command, the exit status and the end of its stderr
   */
  public CommandResult run() throws HostException {
    CommandResult result = execute();
    if (!result.succeeded()) {
      throw failure(result);
    }
    return result;
  }

  /** The exception that says that this command ended with that result. */
  public HostException failure(CommandResult result) {
    return failure("CommandFailed", result);
  }

  /**
   * The exception that says that this command ended with that result.
   *
   * @param reason the cause in CamelCase, where the caller knows it better
   */
  public HostException failure(String reason, CommandResult result) {
    String words = result.stderr().isEmpty() ? "it wrote no error message" : result.stderr();
    return new HostException(
        reason, "'" + this + "' ended with exit status " + result.exitStatus() + ": " + words);
  }

  /**
   * Runs the program and returns whatever its exit status is.
   *
   * @throws HostException with reason {@code CommandNotFound} when it cannot be started, {@code
   *     CommandTimedOut} when it was killed at the timeout, {@code CommandFailed} when it wrote
   *     more than the limit or its pipes broke, {@code Interrupted} when the calling thread was
   *     interrupted; in every case the program is gone
   */
  public CommandResult execute() throws HostException {
    Process process = start();
    Output stdout = new Output(process.getInputStream(), outputLimit, false);
    Output stderr = new Output(process.getErrorStream(), STDERR_LIMIT, true);
    Thread writer = writer(process);
    try {
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        kill(process);
        stderr.awaitEnd(DRAIN_MILLIS);
        throw new HostException(
            "CommandTimedOut",
            "'"
                + this
                + "' was killed: not finished after "
                + timeout.toMillis()
                + " ms."
                + said(stderr.text().strip()));
      }
      writer.join(DRAIN_MILLIS);
      stdout.awaitEnd(DRAIN_MILLIS);
      stderr.awaitEnd(DRAIN_MILLIS);
    } catch (InterruptedException e) {
      kill(process);
      Thread.currentThread().interrupt();
      throw new HostException("Interrupted", "'" + this + "' was killed: interrupted", e);
    }
    if (stdout.overflowed()) {
      throw new HostException(
          "CommandFailed",
          "'" + this + "' wrote more than " + outputLimit + " bytes to its standard output");
    }
    return new CommandResult(process.exitValue(), stdout.text(), stderr.text().strip());
  }

  private static String said(String words) {
    return words.isEmpty() ? "" : " Until then it said: " + words;
  }

  private Process start() throws HostException {
    ProcessBuilder builder = new ProcessBuilder(arguments).directory(new File("/"));
    builder.environment().put("LC_ALL", "C");
    if (input == null) {
      builder.redirectInput(new File("/dev/null"));
    }
    try {
      return builder.start();
    } catch (IOException e) {
      throw new HostException(
          "CommandNotFound",
          "'"
              + this
              + "' could not be started: "
              + e.getMessage()
              + ". Is it installed and on the PATH of the node agent?",
          e);
    }
  }

  /** Feeds the input; a program that does not want all of it is no error of ours. */
  private Thread writer(Process process) {
    byte[] bytes = input == null ? new byte[0] : input.getBytes(UTF_8);
    return Thread.ofPlatform()
        .daemon()
        .name("command-input")
        .start(
            () -> {
              try (OutputStream stream = process.getOutputStream()) {
                stream.write(bytes);
              } catch (IOException e) {
                // EPIPE: it ended before it had read everything; its exit status tells the rest.
                return;
              }
            });
  }

  private static void kill(Process process) {
    List<ProcessHandle> descendants = process.descendants().toList();
    // By its handle: the process object would close the streams, and lose its last words.
    process.toHandle().destroyForcibly();
    descendants.forEach(ProcessHandle::destroyForcibly);
  }

  /** The command as a person would type it, for messages only. */
  @Override
  public String toString() {
    return String.join(" ", arguments);
  }

  /** Collects one stream of a program, and goes on reading when it has enough. */
  private static final class Output {
    private final int limit;
    private final boolean keepsEnd;
    private final Thread reader;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private boolean overflowed;

    Output(InputStream stream, int limit, boolean keepsEnd) {
      this.limit = limit;
      this.keepsEnd = keepsEnd;
      this.reader =
          Thread.ofPlatform().daemon().name("command-output").start(() -> readAll(stream));
    }

    private void readAll(InputStream stream) {
      byte[] chunk = new byte[8192];
      try (stream) {
        for (int n = stream.read(chunk); n >= 0; n = stream.read(chunk)) {
          append(chunk, n);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private synchronized void append(byte[] chunk, int n) {
      overflowed |= kept.size() + n > limit;
      if (!keepsEnd) {
        kept.write(chunk, 0, Math.min(n, limit - kept.size()));
        return;
      }
      kept.write(chunk, 0, n);
      if (overflowed) {
        byte[] all = kept.toByteArray();
        int length = Math.min(all.length, limit);
        kept.reset();
        kept.write(all, all.length - length, length);
      }
    }

    void awaitEnd(long millis) throws InterruptedException {
      reader.join(millis);
    }

    synchronized boolean overflowed() {
      return overflowed;
    }

    synchronized String text() {
      return kept.toString(UTF_8);
    }
  }
}
