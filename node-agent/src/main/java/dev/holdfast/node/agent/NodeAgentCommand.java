package dev.holdfast.node.agent;

import dev.holdfast.crds.Clients;
import dev.holdfast.keeper.client.KeeperLauncher;
import dev.holdfast.node.agent.metrics.MetricsOption;
import dev.holdfast.node.host.HostException;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs the node agent until it is told to stop. */
@Command(
    name = "agent",
    mixinStandardHelpOptions = true,
    description = {
      "Runs the node agent of this host: makes its machines, disks and networks as the API server"
          + " wants them.",
      "Needs root. Stopping it stops no machine."
    })
public final class NodeAgentCommand implements Callable<Integer> {
  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description = "How to reach the API server. Default: as kubectl does.")
  private @Nullable Path kubeconfig;

  @Option(
      names = "--node-name",
      paramLabel = "NAME",
      description = "Name of this HypervisorNode. Default: the host's name.")
  private @Nullable String nodeName;

  @Option(
      names = "--run-dir",
      paramLabel = "DIRECTORY",
      defaultValue = "/run/holdfast",
      description = "Sockets and state of running machines. Default: ${DEFAULT-VALUE}.")
  private Path runDirectory = Path.of("/run/holdfast");

  @Option(
      names = "--cache-dir",
      paramLabel = "DIRECTORY",
      defaultValue = "/var/cache/holdfast",
      description = "What may be found out again. Default: ${DEFAULT-VALUE}.")
  private Path cacheDirectory = Path.of("/var/cache/holdfast");

  @Option(
      names = "--start-keeper",
      paramLabel = "LOGFILE",
      description = "Start a keeper where none runs; it writes to that file.")
  private @Nullable Path keeperLog;

  @Mixin private MetricsOption metrics = new MetricsOption();

  @Override
  public Integer call() throws HostException, IOException, TimeoutException, InterruptedException {
    CountDownLatch stopped = new CountDownLatch(1);
    Path config = kubeconfig;
    try (KubernetesClient client =
            Clients.of(
                config == null
                    ? Config.autoConfigure(null)
                    : Config.fromKubeconfig(config.toFile()));
        LocalNode node = LocalNode.start(client, options(), launcher())) {
      Runtime.getRuntime().addShutdownHook(new Thread(node::close, "node-agent-stop"));
      stopped.await();
      return 0;
    }
  }

  private NodeAgentOptions options() throws IOException {
    String name = nodeName;
    if (name == null) {
      // The kernel knows it even where no name service does.
      name =
          Files.readString(Path.of("/proc/sys/kernel/hostname")).strip().toLowerCase(Locale.ROOT);
    }
    return NodeAgentOptions.defaults(name)
        .withDirectories(runDirectory, cacheDirectory)
        .withMetrics(metrics.address());
  }

  private Optional<KeeperLauncher> launcher() {
    Path log = keeperLog;
    return log == null
        ? Optional.empty()
        : Optional.of(
            new KeeperLauncher(
                Path.of(System.getProperty("java.home")),
                System.getProperty("java.class.path"),
                log));
  }
}
