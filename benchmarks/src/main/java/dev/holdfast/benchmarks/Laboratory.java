package dev.holdfast.benchmarks;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.Manifests;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperListener;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.operator.HoldfastOperator;
import dev.holdfast.operator.OperatorOptions;
import dev.holdfast.operator.placement.Overcommit;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Control plane and operator in this process, the node agent in one of its own. */
final class Laboratory implements AutoCloseable {
  static final String NODE = "bench";
  private static final String AGENT_LOG = "agent.log";

  private final Path directory;
  private final StandaloneControlPlane controlPlane;
  private final KubernetesClient client;
  private final HoldfastOperator operator;
  private Process agent;
  private boolean done;

  private Laboratory(
      Path directory,
      StandaloneControlPlane controlPlane,
      KubernetesClient client,
      HoldfastOperator operator,
      Process agent) {
    this.directory = directory;
    this.controlPlane = controlPlane;
    this.client = client;
    this.operator = operator;
    this.agent = agent;
  }

  static Laboratory start() throws Exception {
    Path directory =
        Files.createTempDirectory(
            Path.of("/run"),
            "hfb",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    Path data = directory.resolve("control-plane");
    StandaloneControlPlane controlPlane =
        StandaloneControlPlane.start(StandaloneOptions.in(data).withNodeName(NODE));
    KubernetesClient client =
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(data.resolve("kubeconfig").toFile()))
            .build();
    for (String plural : Manifests.PLURALS) {
      byte[] yaml = Manifests.yaml(plural).getBytes(StandardCharsets.UTF_8);
      client.load(new ByteArrayInputStream(yaml)).serverSideApply();
    }
    client
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName(Holdfast.SYSTEM_NAMESPACE)
                .endMetadata()
                .build())
        .serverSideApply();
    await(
        "the kinds are served",
        () -> {
          client.resources(VirtualMachineInstance.class).list();
          return true;
        });
    HoldfastOperator operator =
        HoldfastOperator.start(
            client,
            // The machines do nothing, so many more fit than a host would be given.
            OperatorOptions.defaults().withOvercommit(new Overcommit(1000, 10, 0)));
    Laboratory laboratory =
        new Laboratory(directory, controlPlane, client, operator, startAgent(directory));
    laboratory.awaitAgent();
    return laboratory;
  }

  private static Process startAgent(Path directory) throws IOException {
    return new ProcessBuilder(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xms8m",
                "-Xmx64m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.holdfast.cli.Holdfast",
                "agent",
                "--kubeconfig",
                directory.resolve("control-plane/kubeconfig").toString(),
                "--node-name",
                NODE,
                "--run-dir",
                directory.resolve("run").toString(),
                "--cache-dir",
                directory.resolve("cache").toString(),
                "--start-keeper",
                directory.resolve("keeper.log").toString()))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve(AGENT_LOG).toFile()))
        .start();
  }

  private void awaitAgent() throws Exception {
    await(
        "the node agent has reported its host",
        () -> {
          HypervisorNode node = client.resources(HypervisorNode.class).withName(NODE).get();
          return node != null && node.getStatus() != null;
        });
  }

  KubernetesClient client() {
    return client;
  }

  /**
   * Makes a pool.
   *
   * @param leases its {@code spec.leases} as YAML
   */
  void makePool(String name, Path path, String leases) {
    create(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: StoragePool
        metadata: {name: %s}
        spec: {dir: {path: %s, shared: %s}, leases: %s}
        """
            .formatted(name, path, leases.contains("sanlock"), leases));
  }

  /** Makes a disk of 1 GiB without content, and waits for it. */
  void makeDisk(String name, String pool) throws Exception {
    create(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualDisk
        metadata: {name: %s, namespace: default}
        spec: {poolRef: %s, capacity: 1Gi, reclaimPolicy: Delete}
        """
            .formatted(name, pool));
    var disks = client.resources(VirtualDiskInstance.class).inNamespace("default");
    await(
        "disk " + name + " is made",
        () -> {
          VirtualDiskInstance disk = disks.withName(name).get();
          return disk != null && disk.getStatus() != null && disk.getStatus().createdAt() != null;
        });
  }

  /** As it is written, with nothing in place of what is left out. */
  private void create(String yaml) {
    client
        .resource(
            client.getKubernetesSerialization().unmarshal(yaml, GenericKubernetesResource.class))
        .create();
  }

  /** The pool's directory; it lies on disk, not on the tmpfs of the runtime directories. */
  Path pool() {
    return Path.of("/var/tmp", directory.getFileName().toString());
  }

  Path run() {
    return directory.resolve("run");
  }

  long agentProcess() {
    return agent.pid();
  }

  /** Ends the agent, as an upgrade would. */
  void stopAgent() {
    agent.destroy();
    var _ = agent.onExit().join();
  }

  void startAgent() throws Exception {
    agent = startAgent(directory);
    awaitAgent();
  }

  /**
   * When the agent had last let the guest run, by its audit record; to the millisecond, in the time
   * of {@link System#nanoTime}.
   */
  long resumedAt(String uuid) throws IOException {
    long epochToNanoTime =
        System.nanoTime() - Duration.between(Instant.EPOCH, Instant.now()).toNanos();
    try (Stream<String> lines = Files.lines(directory.resolve(AGENT_LOG))) {
      String last =
          lines
              .filter(line -> line.contains("audit: Resume[uuid=" + uuid))
              .reduce((earlier, later) -> later)
              .orElseThrow();
      Instant time = Instant.parse(last.substring(0, last.indexOf(' ')));
      return Duration.between(Instant.EPOCH, time).toNanos() + epochToNanoTime;
    }
  }

  /**
   * Waits up to five minutes.
   *
   * @throws IllegalStateException when it does not become true
   */
  static void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + Duration.ofMinutes(5).toNanos();
    Exception last = null;
    while (System.nanoTime() < deadline) {
      try {
        if (condition.call()) {
          return;
        }
      } catch (IOException | RuntimeException e) {
        last = e;
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
    throw new IllegalStateException("waited five minutes in vain until " + what, last);
  }

  /** Stops everything; machines must have been deleted before. */
  @Override
  public void close() throws IOException {
    stopAgent();
    operator.close();
    client.close();
    controlPlane.close();
    stopKeeper();
    if (done) {
      delete(directory);
      delete(pool());
    } else {
      System.err.println("logs are left in " + directory);
    }
  }

  /** The keeper itself says which process it is: the JVM hides long argument lists. */
  private void stopKeeper() throws IOException {
    long process;
    try (KeeperClient keeper =
        KeeperClient.connect(run().resolve("keeper.sock"), new IndifferentListener())) {
      process = keeper.keeperPid();
    }
    ProcessHandle.of(process)
        .ifPresent(
            keeper -> {
              keeper.destroy();
              var _ = keeper.onExit().orTimeout(10, TimeUnit.SECONDS).join();
            });
  }

  private static final class IndifferentListener implements KeeperListener {
    @Override
    public void exited(ProcessState process) {}

    @Override
    public void disconnected(String reason) {}
  }

  /** Everything went well: nobody needs the logs. */
  void done() {
    done = true;
  }

  /** Deletes a directory with all that is in it. */
  static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
