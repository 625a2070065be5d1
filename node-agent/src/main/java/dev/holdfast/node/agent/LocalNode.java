package dev.holdfast.node.agent;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperLauncher;
import dev.holdfast.node.agent.metrics.LeaseMetrics;
import dev.holdfast.node.agent.metrics.MetricsEndpoint;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.keeper.KeeperConnector;
import dev.holdfast.node.host.keeper.KeeperLink;
import dev.holdfast.node.host.lease.KeeperLeaseHost;
import dev.holdfast.node.host.network.NatNetworkHost;
import dev.holdfast.node.host.qemu.QemuHostOptions;
import dev.holdfast.node.host.qemu.QemuMachineHost;
import dev.holdfast.node.host.qemu.probe.CapabilityCache;
import dev.holdfast.node.host.qemu.probe.QemuCapabilities;
import dev.holdfast.node.host.storage.DirDiskHost;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The agent of the host that this process runs on, with the real adapters. */
public final class LocalNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LocalNode.class);

  private final Deque<AutoCloseable> parts = new ArrayDeque<>();

  private LocalNode(
      KubernetesClient client, NodeAgentOptions options, Optional<KeeperLauncher> launcher)
      throws HostException, IOException, TimeoutException, InterruptedException {
    boolean started = false;
    try {
      open(client, options, launcher);
      started = true;
    } finally {
      if (!started) {
        close();
      }
    }
  }

  /**
   * Starts the agent.
   *
   * @param launcher starts a keeper where none answers; without one, something else must have
   *     started it
   * @throws HostException when QEMU or the keeper cannot be used
   * @throws TimeoutException when the API server does not answer
   */
  public static LocalNode start(
      KubernetesClient client, NodeAgentOptions options, Optional<KeeperLauncher> launcher)
      throws HostException, IOException, TimeoutException, InterruptedException {
    return new LocalNode(client, options, launcher);
  }

  private void open(
      KubernetesClient client, NodeAgentOptions options, Optional<KeeperLauncher> launcher)
      throws HostException, IOException, TimeoutException, InterruptedException {
    Clock clock = Clock.systemUTC();
    Path run = options.runDirectory();
    // Users that QEMU runs as must be able to pass through, not to look around.
    Files.createDirectories(
        run, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    Files.createDirectories(options.cacheDirectory());
    KeeperLink keeper = opened(KeeperLink.connect(connector(options, launcher)));
    QemuMachineHost machines =
        opened(
            QemuMachineHost.open(
                QemuHostOptions.defaults()
                    .withBinary(options.qemu())
                    .withRuntimeDirectory(run.resolve("machines")),
                keeper,
                clock));
    Capabilities capabilities =
        capabilities(CapabilityCache.of(options.cacheDirectory(), options.qemu()).capabilities());
    KeeperLeaseHost leases = new KeeperLeaseHost(keeper);
    if (options.metrics() != null) {
      MetricsEndpoint endpoint =
          opened(MetricsEndpoint.open(options.metrics(), new LeaseMetrics(leases, clock)));
      LOG.info("metrics are at {}", endpoint.url());
    }
    NodeAgent ignored =
        opened(
            NodeAgent.start(
                client,
                options.nodeName(),
                options.version(),
                capabilities,
                new DirDiskHost(),
                new NatNetworkHost(run.resolve("networks"), options.commandPrefix()),
                machines,
                leases,
                clock));
  }

  private <T extends AutoCloseable> T opened(T part) {
    parts.push(part);
    return part;
  }

  private static KeeperConnector connector(
      NodeAgentOptions options, Optional<KeeperLauncher> launcher) {
    return listener -> {
      if (launcher.isPresent() && launcher.get().ensureRunning(options.keeperSocket())) {
        LOG.info("started a keeper on {}", options.keeperSocket());
      }
      return KeeperClient.connect(options.keeperSocket(), listener);
    };
  }

  private static Capabilities capabilities(QemuCapabilities qemu) throws IOException {
    for (QemuCapabilities.AcceleratorCapabilities accelerator : qemu.accelerators()) {
      if (accelerator.accelerator() == Accelerator.KVM) {
        LOG.info("KVM: {}: {}", accelerator.reason(), accelerator.message());
      }
    }
    return new Capabilities(
        architecture(),
        Runtime.getRuntime().availableProcessors(),
        memoryBytes(),
        System.getProperty("os.version", "unknown"),
        qemu.version(),
        qemu.machineTypes(),
        qemu.accelerators().stream().map(LocalNode::status).toList());
  }

  private static AcceleratorStatus status(QemuCapabilities.AcceleratorCapabilities found) {
    return new AcceleratorStatus(
        found.accelerator(),
        found.usable(),
        found.reason(),
        found.message(),
        found.defaultCpuModel(),
        found.cpuModels());
  }

  private static Architecture architecture() {
    String name = System.getProperty("os.arch", "");
    return switch (name) {
      case "amd64", "x86_64" -> Architecture.X86_64;
      case "aarch64" -> Architecture.AARCH64;
      default -> throw new IllegalStateException("Holdfast does not run on " + name);
    };
  }

  /** Memory of the host, from {@code MemTotal} of proc(5)'s meminfo. */
  private static long memoryBytes() throws IOException {
    List<String> lines = Files.readAllLines(Path.of("/proc/meminfo"));
    for (String line : lines) {
      if (line.startsWith("MemTotal:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
      }
    }
    throw new IOException("/proc/meminfo has no MemTotal");
  }

  /** Stops the agent; machines, disks and networks stay as they are. */
  @Override
  public void close() {
    while (!parts.isEmpty()) {
      AutoCloseable part = parts.pop();
      try {
        part.close();
      } catch (Exception e) {
        LOG.warn("{} could not be closed", part.getClass().getSimpleName(), e);
      }
    }
  }
}
