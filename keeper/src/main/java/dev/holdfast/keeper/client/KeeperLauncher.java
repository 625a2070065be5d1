package dev.holdfast.keeper.client;

import dev.holdfast.keeper.protocol.ProcessState;
import java.io.File;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Starts a keeper that outlives whoever started it: in a session of its own, so that neither the
 * terminal's Ctrl-C nor its hangup reaches it, with its output in a file. Only where no service
 * manager does this.
 *
 * @param javaHome a JDK or runtime image of version 25 or newer
 * @param classPath what the keeper's main class needs
 * @param logFile takes the keeper's own output, appended
 * @param options further options of the keeper's command line
 */
public record KeeperLauncher(Path javaHome, String classPath, Path logFile, List<String> options) {
  /**
   * Name of the class that has the keeper's main method; it is not imported, since a client must
   * not depend on the server.
   */
  static final String MAIN_CLASS = "dev.holdfast.keeper.KeeperMain";

  /**
   * A JVM that is small, starts quickly, and ends rather than limp on without memory. That would
   * take all machines with renewed leases along, so it may grow far beyond the few MiB that it
   * needs for the smallest areas: of the largest, 8 MiB, several are read at once.
   */
  public static final List<String> JVM_OPTIONS =
      List.of(
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Xms8m",
          "-Xmx128m",
          "-XX:MaxNewSize=8m",
          "-Xss512k",
          "-XX:ReservedCodeCacheSize=16m",
          "-XX:-UsePerfData",
          "-XX:+ExitOnOutOfMemoryError",
          "-Xshare:auto",
          "--enable-native-access=ALL-UNNAMED");

  public KeeperLauncher {
    options = List.copyOf(options);
  }

  /** A keeper with all options at their defaults. */
  public KeeperLauncher(Path javaHome, String classPath, Path logFile) {
    this(javaHome, classPath, logFile, List.of());
  }

  /**
   * Buffers for lease areas come from threads that do not live long: without this, glibc keeps each
   * of them in a heap of its own for the next such thread (mallopt(3)).
   */
  private static final Map<String, String> ENVIRONMENT =
      Map.of("MALLOC_ARENA_MAX", "2", "MALLOC_MMAP_THRESHOLD_", "131072");

  private static final Duration START_TIMEOUT = Duration.ofSeconds(20);
  private static final long POLL_MILLIS = 20;

  /**
   * Returns once a keeper answers on the socket, having started one if none did.
   *
   * @return true if this call started one
   * @throws IOException if none answers within 20 s, with the end of its log
   */
  public boolean ensureRunning(Path socket) throws IOException {
    if (answers(socket)) {
      return false;
    }
    Process keeper = start(socket);
    long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
    while (System.nanoTime() < deadline) {
      boolean ended = waitFor(keeper);
      if (answers(socket)) {
        return true;
      }
      if (ended) {
        throw new IOException("the keeper ended with code " + keeper.exitValue() + lastLines());
      }
    }
    keeper.destroyForcibly();
    throw new IOException(
        "the keeper does not answer on "
            + socket
            + " within "
            + START_TIMEOUT.toSeconds()
            + " s"
            + lastLines());
  }

  /** The keeper has another working directory than whoever starts it. */
  private static String absolute(String classPath) {
    return Pattern.compile(File.pathSeparator)
        .splitAsStream(classPath)
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  private Process start(Path socket) throws IOException {
    var command = new ArrayList<>(List.of("setsid", javaHome.resolve("bin/java").toString()));
    command.addAll(JVM_OPTIONS);
    command.addAll(
        List.of(
            "-cp",
            absolute(classPath),
            MAIN_CLASS,
            "--socket",
            socket.toAbsolutePath().toString()));
    command.addAll(options);
    var keeper =
        new ProcessBuilder(command)
            .directory(new File("/"))
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(logFile.toFile()));
    keeper.environment().putAll(ENVIRONMENT);
    return keeper.start();
  }

  private static boolean answers(Path socket) {
    try (KeeperClient client = KeeperClient.connect(socket, new Deaf())) {
      return client != null;
    } catch (IOException nobody) {
      return false;
    }
  }

  private static boolean waitFor(Process keeper) throws InterruptedIOException {
    try {
      return keeper.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the keeper was started");
    }
  }

  private String lastLines() {
    try {
      List<String> lines = Files.readAllLines(logFile);
      return "; the end of "
          + logFile
          + ":\n"
          + String.join("\n", lines.subList(Math.max(0, lines.size() - 10), lines.size()));
    } catch (IOException unreadable) {
      return "; its log " + logFile + " cannot be read: " + unreadable.getMessage();
    }
  }

  private static final class Deaf implements KeeperListener {
    @Override
    public void exited(ProcessState process) {}

    @Override
    public void disconnected(String reason) {}
  }
}
