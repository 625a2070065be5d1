package dev.holdfast.cli.host;

import dev.holdfast.crds.Clients;
import dev.holdfast.keeper.client.KeeperLauncher;
import dev.holdfast.node.agent.LocalNode;
import dev.holdfast.node.agent.NodeAgentOptions;
import dev.holdfast.node.host.HostException;
import dev.holdfast.operator.HoldfastOperator;
import dev.holdfast.operator.OperatorOptions;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Control plane, operator and node agent in this process. Each speaks to the control plane over
 * HTTPS with an identity of its own, just as if they were apart. The keeper is a process of its own
 * and outlives this one, as the machines do.
 */
public final class SingleHost implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SingleHost.class);

  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private final StandaloneControlPlane controlPlane;
  private final String nodeName;

  private SingleHost(
      Directories directories, @Nullable InetSocketAddress metrics, Consumer<String> onFailure)
      throws IOException, HostException, TimeoutException, InterruptedException {
    // Users that QEMU runs as pass through to their disks and sockets, and look around nowhere.
    passable(directories.data());
    passable(directories.run());
    Files.createDirectories(directories.logs());
    boolean started = false;
    try {
      StandaloneOptions options =
          StandaloneOptions.in(directories.controlPlane()).withRights(Access.rights());
      nodeName = options.nodeName();
      controlPlane = opened(startControlPlane(options));
      try (KubernetesClient administrator = client(directories.kubeconfig())) {
        CustomResources.apply(administrator);
      }
      opened(
          HoldfastOperator.start(
              opened(client(directories.operatorKubeconfig())),
              OperatorOptions.defaults(),
              onFailure));
      opened(
          LocalNode.start(
              opened(client(directories.agentKubeconfig())),
              NodeAgentOptions.defaults(nodeName)
                  .withDirectories(directories.run(), directories.cache())
                  .withMetrics(metrics),
              Optional.of(keeperLauncher(directories))));
      started = true;
    } finally {
      if (!started) {
        close();
      }
    }
  }

  /**
   * Starts everything, and a keeper where none runs. When this returns, manifests can be applied.
   *
   * @param metrics where Prometheus may ask; null for nowhere
   * @param onFailure told why, when a part cannot go on and this has to be started again
   * @throws IOException when a directory or the control plane's port can't be used
   * @throws HostException when QEMU or the keeper can't be used
   * @throws TimeoutException when a part does not start in time
   */
  public static SingleHost start(
      Directories directories, @Nullable InetSocketAddress metrics, Consumer<String> onFailure)
      throws IOException, HostException, TimeoutException, InterruptedException {
    return new SingleHost(directories, metrics, onFailure);
  }

  /** How to start a keeper here: only with what it needs, because it stays small. */
  public static KeeperLauncher keeperLauncher(Directories directories) {
    return new KeeperLauncher(
        Path.of(System.getProperty("java.home")),
        KeeperClassPath.find(),
        directories.logs().resolve("keeper.log"));
  }

  /** Where the control plane answers. */
  public String url() {
    return controlPlane.url();
  }

  /** The HypervisorNode that this host is. */
  public String nodeName() {
    return nodeName;
  }

  private static StandaloneControlPlane startControlPlane(StandaloneOptions options)
      throws IOException {
    try {
      return StandaloneControlPlane.start(options);
    } catch (IOException e) {
      if (e.getCause() instanceof BindException) {
        throw new IOException(
            e.getMessage()
                + ": another program has that port ('ss -ltnp' shows which). End it, or remove "
                + options.dataDirectory().resolve("port")
                + " to have another port chosen; copies of the kubeconfig are then out of date",
            e);
      }
      throw e;
    }
  }

  private static void passable(Path directory) throws IOException {
    Files.createDirectories(directory);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
  }

  static KubernetesClient client(Path kubeconfig) {
    return Clients.of(Config.fromKubeconfig(kubeconfig.toFile()));
  }

  private <T extends AutoCloseable> T opened(T part) {
    running.push(part);
    return part;
  }

  /** Stops in the reverse order; the keeper and all machines live on. */
  @Override
  public void close() {
    while (!running.isEmpty()) {
      AutoCloseable part = running.pop();
      try {
        part.close();
      } catch (Exception e) {
        LOG.warn("{} could not be closed", part.getClass().getSimpleName(), e);
      }
    }
  }
}
