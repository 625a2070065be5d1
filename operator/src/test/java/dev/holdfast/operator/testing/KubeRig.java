package dev.holdfast.operator.testing;

import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A real API server, where its folder is: named by the system property {@code holdfast.kube-rig},
 * or {@code ../shared/kube-rig} beside the checkout.
 */
public final class KubeRig implements AutoCloseable {
  private static final long TIMEOUT_SECONDS = 60;

  private final Path scripts;
  private final Path directory;
  private final int port;
  private final int etcdPort;

  private KubeRig(Path scripts, Path directory) {
    this.scripts = scripts;
    this.directory = directory;
    // etcd takes a second port, the one after its first.
    this.port = freePorts(1);
    this.etcdPort = freePorts(2);
  }

  /** The folder with the scripts, if this machine has it. */
  public static Optional<Path> find() {
    @Nullable String named = System.getProperty("holdfast.kube-rig");
    Path path = named != null ? Path.of(named) : Path.of("../../shared/kube-rig").toAbsolutePath();
    return Files.isExecutable(path.resolve("start.sh")) ? Optional.of(path) : Optional.empty();
  }

  /** Starts a server of its own. */
  public static KubeRig start(Path scripts) {
    try {
      return new KubeRig(scripts, Files.createTempDirectory("kube-rig"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Path kubeconfig() {
    run("start.sh");
    return directory.resolve("kubeconfig");
  }

  public Config config() {
    return Config.fromKubeconfig(kubeconfig().toFile());
  }

  @Override
  public void close() {
    run("stop.sh");
  }

  private void run(String script) {
    ProcessBuilder builder =
        new ProcessBuilder(scripts.resolve(script).toString()).redirectErrorStream(true);
    builder.environment().put("KUBE_RIG_DIR", directory.toString());
    builder.environment().put("KUBE_RIG_PORT", Integer.toString(port));
    builder.environment().put("KUBE_RIG_ETCD_PORT", Integer.toString(etcdPort));
    Path log = directory.resolve(script + ".log");
    builder.redirectOutput(log.toFile());
    try {
      Process process = builder.start();
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException(script + " does not end, see " + log);
      }
      if (process.exitValue() != 0) {
        throw new IllegalStateException(
            script + " failed: " + Files.readString(log, StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The first of several ports in a row that nobody uses. */
  private static int freePorts(int count) {
    while (true) {
      int first = freePort(0);
      if (count == 1 || freePort(first + 1) > 0) {
        return first;
      }
    }
  }

  /** The port, or any for 0; -1 when it is taken. */
  private static int freePort(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException | IllegalArgumentException taken) {
      return -1;
    }
  }
}
