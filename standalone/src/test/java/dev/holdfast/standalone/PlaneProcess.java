package dev.holdfast.standalone;

import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;

/** A control plane in a process of its own, with a heap of a certain size. */
final class PlaneProcess implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private final Path output;
  private final Process process;

  /** The administrator's certificate. */
  final SSLContext good;

  /** No certificate. */
  final SSLContext stranger;

  final int port;

  /**
   * Starts it, and waits until it answers.
   *
   * @param heap as for -Xmx
   */
  PlaneProcess(Path directory, String heap) throws IOException, GeneralSecurityException {
    Path ready = directory.resolve("ready");
    Files.deleteIfExists(ready);
    output = directory.resolveSibling("output");
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xms8m",
                "-Xmx" + heap,
                "-XX:+ExitOnOutOfMemoryError",
                "-cp",
                System.getProperty("java.class.path"),
                Plane.class.getName(),
                directory.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
            .start();
    await().atMost(PATIENCE).until(() -> !process.isAlive() || Files.exists(ready));
    if (!process.isAlive()) {
      throw new IOException(output());
    }
    port = Integer.parseInt(Files.readString(directory.resolve("port")).strip());
    Config config = Config.fromKubeconfig(Files.readString(directory.resolve("kubeconfig")));
    good = SSLUtils.sslContext(config);
    stranger =
        SSLUtils.sslContext(
            new ConfigBuilder(config).withClientCertData(null).withClientKeyData(null).build());
  }

  String url() {
    return "https://127.0.0.1:" + port;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  String output() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** The most memory that the process had so far, with code and buffers. */
  long peakKib() throws IOException {
    String status = Files.readString(Path.of("/proc/" + process.pid() + "/status"));
    Matcher peak = Pattern.compile("VmHWM:\\s+(\\d+) kB").matcher(status);
    return peak.find() ? Long.parseLong(peak.group(1)) : 0;
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    process.onExit().join();
  }

  /** The control plane alone, until its standard input ends. */
  static final class Plane {
    private Plane() {}

    public static void main(String[] arguments) throws IOException {
      Path directory = Path.of(arguments[0]);
      try (StandaloneControlPlane plane =
          StandaloneControlPlane.start(StandaloneOptions.in(directory).withSync(false))) {
        Files.writeString(directory.resolve("ready"), plane.url());
        while (System.in.read() >= 0) {
          // what it says does not matter
        }
      }
    }
  }
}
