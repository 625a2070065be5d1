package dev.holdfast.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * The agent on a real API server, where its folder is: named by the system property {@code
 * holdfast.kube-rig}, or {@code ../shared/kube-rig} beside the checkout.
 */
class NodeAgentOnKubeRigTest extends NodeAgentContract {
  private static final Path SCRIPTS =
      Path.of(System.getProperty("holdfast.kube-rig", "../../shared/kube-rig")).toAbsolutePath();

  @Override
  AutoCloseable startServer(Path emptyDirectory) throws IOException, InterruptedException {
    assumeTrue(
        Files.isExecutable(SCRIPTS.resolve("start.sh")),
        "no real API server: neither -Dholdfast.kube-rig nor ../shared/kube-rig is there");
    int port = freePort(0);
    int etcdPort = port;
    while (etcdPort == port || freePort(etcdPort + 1) < 0) { // etcd takes the next one too
      etcdPort = freePort(0);
    }
    int etcd = etcdPort;
    run("start.sh", emptyDirectory, port, etcd);
    return () -> run("stop.sh", emptyDirectory, port, etcd);
  }

  /** Output goes to a file: the servers that a script leaves behind would keep a pipe open. */
  private static void run(String script, Path directory, int port, int etcdPort)
      throws IOException, InterruptedException {
    Path log = directory.resolve(script + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(SCRIPTS.resolve(script).toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("KUBE_RIG_DIR", directory.toString());
    builder.environment().put("KUBE_RIG_PORT", Integer.toString(port));
    builder.environment().put("KUBE_RIG_ETCD_PORT", Integer.toString(etcdPort));
    Process process = builder.start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("%s ends, see %s", script, log).isTrue();
    assertThat(process.exitValue()).as("%s: %s", script, Files.readString(log)).isZero();
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
