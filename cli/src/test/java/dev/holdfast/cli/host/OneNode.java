package dev.holdfast.cli.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.node.agent.Capabilities;
import dev.holdfast.node.agent.NodeAgent;
import dev.holdfast.node.host.DiskHost;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.MachineHost;
import dev.holdfast.node.host.NetworkHost;
import dev.holdfast.node.host.keeper.KeeperLink;
import dev.holdfast.node.host.lease.KeeperLeaseHost;
import dev.holdfast.node.host.qemu.QemuHostOptions;
import dev.holdfast.node.host.qemu.QemuMachineHost;
import dev.holdfast.node.host.storage.DirDiskHost;
import dev.holdfast.node.plan.HostState.Machine;
import dev.holdfast.operator.HoldfastOperator;
import dev.holdfast.operator.OperatorOptions;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Control plane, operator and node agent with real disks and machines, but without networks: so
 * nothing of the machine that the test runs on is touched, and it needs no namespace of its own.
 */
final class OneNode implements AutoCloseable {
  static final Path QEMU = QemuHostOptions.defaults().binary();

  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private final AtomicInteger resumes = new AtomicInteger();
  private final AtomicInteger creations = new AtomicInteger();
  private final Directories directories;
  private final KubernetesClient client;
  private final QemuMachineHost machines;
  private final String name;

  private OneNode(Directories directories) throws Exception {
    this.directories = directories;
    Files.createDirectories(directories.logs());
    Files.createDirectory(
        directories.run(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    StandaloneOptions options =
        StandaloneOptions.in(directories.controlPlane())
            .withRights(Access.rights())
            .withSync(false);
    name = options.nodeName();
    opened(StandaloneControlPlane.start(options));
    client = opened(SingleHost.client(directories.kubeconfig()));
    CustomResources.apply(client);
    opened(
        HoldfastOperator.start(
            opened(SingleHost.client(directories.operatorKubeconfig())),
            OperatorOptions.defaults()));
    KeeperLink keeper =
        opened(
            KeeperLink.connect(
                listener -> {
                  boolean ignored =
                      SingleHost.keeperLauncher(directories)
                          .ensureRunning(directories.keeperSocket());
                  return KeeperClient.connect(directories.keeperSocket(), listener);
                }));
    machines =
        opened(
            QemuMachineHost.open(
                QemuHostOptions.defaults().withRuntimeDirectory(directories.machines()),
                keeper,
                Clock.systemUTC()));
    opened(
        NodeAgent.start(
            opened(SingleHost.client(directories.agentKubeconfig())),
            name,
            "test",
            capabilities(),
            counted(DiskHost.class, new DirDiskHost(), "create", creations),
            noNetworks(),
            counted(MachineHost.class, machines, "resume", resumes),
            new KeeperLeaseHost(keeper),
            Clock.systemUTC()));
  }

  static OneNode start(Directories directories) throws Exception {
    return new OneNode(directories);
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

  private static <T> T counted(Class<T> type, T target, String method, AtomicInteger calls) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, called, arguments) -> {
              if (called.getName().equals(method)) {
                calls.incrementAndGet();
              }
              try {
                return called.invoke(target, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  private static NetworkHost noNetworks() {
    return (NetworkHost)
        Proxy.newProxyInstance(
            NetworkHost.class.getClassLoader(),
            new Class<?>[] {NetworkHost.class},
            (proxy, called, arguments) -> called.getReturnType() == Map.class ? Map.of() : null);
  }

  private <T extends AutoCloseable> T opened(T part) {
    running.push(part);
    return part;
  }

  String name() {
    return name;
  }

  KubernetesClient client() {
    return client;
  }

  Map<String, Machine> machines() throws HostException {
    return machines.machines();
  }

  /** How often the agent has let a guest go on. */
  int resumes() {
    return resumes.get();
  }

  /** How often the agent has tried to make an image. */
  int creations() {
    return creations.get();
  }

  void apply(String manifest) {
    client
        .load(new ByteArrayInputStream(manifest.getBytes(StandardCharsets.UTF_8)))
        .serverSideApply();
  }

  /** How a program ended. */
  static int status(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor(1, TimeUnit.MINUTES)).as("%s ends", List.of(command)).isTrue();
    return process.exitValue();
  }

  /** Ends everything, machines and keeper too. */
  @Override
  public void close() throws HostException {
    // The agent first, or it would start a machine again that is ended here.
    closeLast();
    for (String uuid : machines.machines().keySet()) {
      machines.kill(uuid);
    }
    while (!running.isEmpty()) {
      closeLast();
    }
    ProcessHandle.allProcesses()
        .filter(process -> commandLine(process).contains("\0" + directories.keeperSocket() + "\0"))
        .forEach(ProcessHandle::destroy);
  }

  private void closeLast() {
    try {
      running.pop().close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** ProcessHandle leaves out the arguments of a command line as long as a class path. */
  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
    } catch (IOException ended) {
      return "";
    }
  }
}
