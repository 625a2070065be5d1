package dev.holdfast.keeper.sanlock.real;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The program, without a daemon. */
final class Sanlock {
  private static final Path PROGRAM = Path.of("/usr/sbin/sanlock");

  private Sanlock() {}

  /** What a call has printed, and how it ended. */
  record Output(int status, String text) {}

  static void assumeInstalled() {
    assumeTrue(Files.isExecutable(PROGRAM), "sanlock is not installed (package sanlock)");
    assumeTrue(
        "root".equals(System.getProperty("user.name")), "sanlock's daemon needs to be run as root");
  }

  /** Runs {@code sanlock direct ...}, which must succeed. */
  static String direct(String... arguments) {
    List<String> command = new ArrayList<>(List.of(PROGRAM.toString(), "direct"));
    command.addAll(List.of(arguments));
    Output output = run(new ProcessBuilder(command));
    if (output.status != 0) {
      throw new IllegalStateException(command + ": " + output.text);
    }
    return output.text;
  }

  static List<String> command(String... arguments) {
    List<String> command = new ArrayList<>(List.of(PROGRAM.toString()));
    command.addAll(List.of(arguments));
    return command;
  }

  static Output run(ProcessBuilder builder) {
    try {
      Process process = builder.redirectErrorStream(true).start();
      process.getOutputStream().close();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(60, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException(builder.command() + " does not end");
      }
      return new Output(process.exitValue(), text);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }
}
