package dev.holdfast.standalone.torture;

import dev.holdfast.standalone.StandaloneCommand;
import dev.holdfast.standalone.security.Rights;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.awaitility.Awaitility;
import picocli.CommandLine;

/** {@code holdfast standalone} in a process of its own, which can be killed. */
final class ControlPlaneProcess {
  private final Process process;
  private final Path directory;
  private final Path log;

  private ControlPlaneProcess(Process process, Path directory, Path log) {
    this.process = process;
    this.directory = directory;
    this.log = log;
  }

  /** Does what the script does, with the same heap. */
  static ControlPlaneProcess start(Path directory, int port) throws IOException {
    Path log = directory.resolveSibling("log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xms8m",
                "-Xmx192m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "--data-dir",
                directory.toString(),
                "--port",
                Integer.toString(port))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    return new ControlPlaneProcess(process, directory, log);
  }

  /** Waits until it answers. */
  Api awaitReady() {
    return Awaitility.await()
        .atMost(java.time.Duration.ofMinutes(2))
        .pollInterval(java.time.Duration.ofMillis(20))
        .until(this::connect, java.util.Objects::nonNull);
  }

  private Api connect() throws IOException {
    if (!process.isAlive()) {
      throw new IllegalStateException("it has ended: " + Files.readString(log));
    }
    Path kubeconfig = directory.resolve("kubeconfig");
    if (!Files.exists(kubeconfig)) {
      return null;
    }
    Api api = new Api(Files.readString(kubeconfig));
    try {
      api.get("/version");
      return api;
    } catch (IOException e) { // nothing listens yet
      api.close();
      return null;
    }
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
  }

  /** A port below those that clients get, so that no connection takes it between two lives. */
  static int port(Random random) {
    while (true) {
      int port = 20_000 + random.nextInt(10_000);
      try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException taken) {
        // another one, then
      }
    }
  }

  static final class Main {
    private Main() {}

    public static void main(String[] arguments) {
      System.exit(new CommandLine(new StandaloneCommand(Rights.NONE)).execute(arguments));
    }
  }
}
