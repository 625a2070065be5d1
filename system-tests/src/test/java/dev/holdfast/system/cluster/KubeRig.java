package dev.holdfast.system.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs the scripts of a kube-rig folder: a real API server and etcd on loopback. */
final class KubeRig {
  private static final long TIMEOUT_SECONDS = 60;

  private final Path scripts;
  private final Path data;
  private final Map<String, String> environment;

  private KubeRig(Path scripts, Path data) throws IOException {
    this.scripts = scripts;
    this.data = data;
    int etcd = freePorts(2);
    environment =
        Map.of(
            "KUBE_RIG_DIR", data.toString(),
            "KUBE_RIG_PORT", String.valueOf(freePorts(1)),
            "KUBE_RIG_ETCD_PORT", String.valueOf(etcd));
  }

  static Cluster start(Path scripts, Path data) throws IOException, InterruptedException {
    KubeRig rig = new KubeRig(scripts, data);
    rig.run("start.sh");
    return new Cluster(Files.readString(data.resolve("kubeconfig")), rig::stop);
  }

  private void stop() throws IOException {
    try {
      run("stop.sh");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Output goes to a file: the servers that a script leaves behind would keep a pipe open. */
  private void run(String script) throws IOException, InterruptedException {
    Path log = data.resolve(script + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(scripts.resolve(script).toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException(
          "%s does not end within %d s; it said: %s"
              .formatted(script, TIMEOUT_SECONDS, Files.readString(log)));
    }
    if (process.exitValue() != 0) {
      throw new IOException(script + " failed: " + Files.readString(log));
    }
  }

  /** The first of several ports in a row that nobody uses. */
  private static int freePorts(int count) throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    while (true) {
      try (ServerSocket first = new ServerSocket(0, 1, loopback)) {
        int port = first.getLocalPort();
        if (count == 1 || isFree(port + 1, loopback)) {
          return port;
        }
      }
    }
  }

  private static boolean isFree(int port, InetAddress address) {
    try (ServerSocket socket = new ServerSocket(port, 1, address)) {
      return socket.isBound();
    } catch (IOException | IllegalArgumentException taken) {
      return false;
    }
  }
}
