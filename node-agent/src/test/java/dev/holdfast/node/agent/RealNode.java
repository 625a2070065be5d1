package dev.holdfast.node.agent;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperLauncher;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.NetworkHost;
import dev.holdfast.node.host.SimulatedHost;
import dev.holdfast.node.host.keeper.KeeperLink;
import dev.holdfast.node.host.lease.KeeperLeaseHost;
import dev.holdfast.node.host.qemu.QemuHostOptions;
import dev.holdfast.node.host.qemu.QemuMachineHost;
import dev.holdfast.node.host.storage.DirDiskHost;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.TimeoutException;

/**
 * An agent with real disks, machines and leases and a keeper of its own, but without networks: so
 * several are hosts of their own on one machine.
 */
final class RealNode implements AutoCloseable {
  private final String name;
  private final KeeperLink keeper;
  private final QemuMachineHost machines;
  private final KeeperLeaseHost leases;
  private NodeAgent agent;

  private RealNode(KubernetesClient client, String name, Path run)
      throws HostException, IOException, TimeoutException, InterruptedException {
    this.name = name;
    Files.createDirectories(
        run, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    KeeperLauncher launcher =
        new KeeperLauncher(
            Path.of(System.getProperty("java.home")),
            System.getProperty("java.class.path"),
            run.resolve("keeper.log"));
    Path socket = run.resolve("keeper.sock");
    keeper =
        KeeperLink.connect(
            listener -> {
              boolean ignored = launcher.ensureRunning(socket);
              return KeeperClient.connect(socket, listener);
            });
    machines =
        QemuMachineHost.open(
            QemuHostOptions.defaults().withRuntimeDirectory(run.resolve("m")),
            keeper,
            Clock.systemUTC());
    leases = new KeeperLeaseHost(keeper);
    agent = startAgent(client);
  }

  /**
   * @param run short path, which sockets lie below
   */
  static RealNode start(KubernetesClient client, String name, Path run)
      throws HostException, IOException, TimeoutException, InterruptedException {
    return new RealNode(client, name, run);
  }

  private NodeAgent startAgent(KubernetesClient client)
      throws TimeoutException, InterruptedException {
    NetworkHost noNetworks = new SimulatedHost();
    return NodeAgent.start(
        client,
        name,
        "test",
        capabilities(),
        new DirDiskHost(),
        noNetworks,
        machines,
        leases,
        Clock.systemUTC());
  }

  /** Emulation only, so that nothing has to be probed. */
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

  /** Stops the agent and starts another one, which knows only what it reads. */
  void restartAgent(KubernetesClient client) throws TimeoutException, InterruptedException {
    agent.close();
    agent = startAgent(client);
  }

  QemuMachineHost machines() {
    return machines;
  }

  KeeperLeaseHost leases() {
    return leases;
  }

  ProcessHandle keeper() throws HostException {
    return ProcessHandle.of(keeper.client().keeperPid()).orElseThrow();
  }

  /** Ends everything, machines and keeper too. */
  @Override
  public void close() throws HostException {
    agent.close();
    for (String uuid : machines.machines().keySet()) {
      machines.killAbruptly(uuid);
      machines.clean(uuid);
      leases.release(uuid, false);
    }
    machines.close();
    ProcessHandle process = keeper();
    keeper.close();
    process.destroy();
  }
}
