package dev.holdfast.system.lease;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperLauncher;
import dev.holdfast.node.agent.Capabilities;
import dev.holdfast.node.agent.NodeAgent;
import dev.holdfast.node.host.NetworkHost;
import dev.holdfast.node.host.keeper.KeeperLink;
import dev.holdfast.node.host.lease.KeeperLeaseHost;
import dev.holdfast.node.host.qemu.QemuHostOptions;
import dev.holdfast.node.host.qemu.QemuMachineHost;
import dev.holdfast.node.host.storage.DirDiskHost;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/** A host without networks: an agent and a keeper of its own in a directory of its own. */
final class SimpleHost {
  private final KubernetesClient client;
  private final String name;
  private final Path run;
  private final List<String> keeperOptions;
  private final Deque<AutoCloseable> agent = new ArrayDeque<>();
  private long keeperProcess;

  SimpleHost(KubernetesClient client, String name, Path run, List<String> keeperOptions) {
    this.client = client;
    this.name = name;
    this.run = run;
    this.keeperOptions = keeperOptions;
  }

  String name() {
    return name;
  }

  /** Starts the agent, and a keeper where none runs. */
  void start() throws Exception {
    Files.createDirectories(
        run, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    Path socket = run.resolve("keeper.sock");
    KeeperLauncher launcher =
        new KeeperLauncher(
            Path.of(System.getProperty("java.home")),
            System.getProperty("java.class.path"),
            run.resolve("keeper.log"),
            keeperOptions);
    KeeperLink keeper =
        opened(
            KeeperLink.connect(
                listener -> {
                  boolean ignored = launcher.ensureRunning(socket);
                  KeeperClient connection = KeeperClient.connect(socket, listener);
                  keeperProcess = connection.keeperPid();
                  return connection;
                }));
    QemuMachineHost machines =
        opened(
            QemuMachineHost.open(
                QemuHostOptions.defaults().withRuntimeDirectory(run.resolve("m")),
                keeper,
                Clock.systemUTC()));
    NodeAgent ignored =
        opened(
            NodeAgent.start(
                client,
                name,
                "test",
                capabilities(),
                new DirDiskHost(),
                noNetworks(),
                machines,
                new KeeperLeaseHost(keeper),
                Clock.systemUTC()));
  }

  private <T extends AutoCloseable> T opened(T part) {
    agent.push(part);
    return part;
  }

  private static Capabilities capabilities() {
    return new Capabilities(
        Architecture.X86_64,
        4,
        8L << 30,
        "test",
        "7.2.0",
        List.of("pc-q35-7.2"),
        List.of(
            new AcceleratorStatus(
                Accelerator.TCG, true, "Usable", "works", "qemu64", List.of("qemu64"))));
  }

  private static NetworkHost noNetworks() {
    return (NetworkHost)
        Proxy.newProxyInstance(
            NetworkHost.class.getClassLoader(),
            new Class<?>[] {NetworkHost.class},
            (proxy, called, arguments) -> called.getReturnType() == Map.class ? Map.of() : null);
  }

  /** Ends the agent only, as if the control plane could not be reached any more. */
  void stopAgent() throws Exception {
    while (!agent.isEmpty()) {
      agent.pop().close();
    }
  }

  /** The keeper is killed; what it holds leases for dies with it. */
  void killKeeper() {
    ProcessHandle.of(keeperProcess).ifPresent(ProcessHandle::destroyForcibly);
  }

  /** The keeper hangs. */
  void freezeKeeper() throws Exception {
    Process stop = new ProcessBuilder("kill", "-STOP", Long.toString(keeperProcess)).start();
    int ignored = stop.waitFor();
  }

  /** Everything stops at once, as in a power failure. */
  void fail() throws Exception {
    stopAgent();
    killKeeper();
  }
}
