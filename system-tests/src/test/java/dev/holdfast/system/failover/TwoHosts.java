package dev.holdfast.system.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.cli.host.CustomResources;
import dev.holdfast.crds.Clients;
import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.operator.HoldfastOperator;
import dev.holdfast.operator.OperatorOptions;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;

/**
 * Two hosts that share a directory, with one control plane and operator in this process, and one
 * machine with a {@link LoggingGuest}.
 */
final class TwoHosts implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final String MACHINE =
      """
      apiVersion: holdfast.dev/v1alpha1
      kind: VirtualMachine
      metadata: {name: writer, namespace: default}
      spec:
        runStrategy: Always
        terminationGracePeriodSeconds: 1
        accelerator: tcg
        memory: {guest: 64Mi}
        disks: [{name: log, diskRef: log, bootOrder: 1}]
      """;

  /** A node is lost after this: its agent's heartbeat comes every 10 s. */
  private static final Duration NODE_TIMEOUT = Duration.ofSeconds(15);

  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private final KubernetesClient client;
  private final TestHost first;
  private final TestHost second;
  private final Path image;

  private TwoHosts(Path directory) throws Exception {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    StandaloneControlPlane plane =
        opened(
            StandaloneControlPlane.start(
                StandaloneOptions.in(directory.resolve("c")).withSync(false)));
    Path kubeconfig = directory.resolve("c").resolve("kubeconfig");
    client = opened(client(kubeconfig));
    CustomResources.apply(client);
    opened(
        HoldfastOperator.start(
            opened(client(kubeconfig)), OperatorOptions.defaults().withNodeTimeout(NODE_TIMEOUT)));
    int port = URI.create(plane.url()).getPort();
    first = opened(host("a", directory, kubeconfig, port));
    second = opened(host("b", directory, kubeconfig, port));
    first.repair();
    second.repair();
    image = makeDisk(Files.createDirectory(directory.resolve("pool")));
    apply(MACHINE);
  }

  static TwoHosts start(Path directory) throws Exception {
    return new TwoHosts(directory);
  }

  private static TestHost host(String name, Path directory, Path kubeconfig, int port)
      throws IOException {
    return new TestHost(
        name, directory.resolve(name), kubeconfig, port, List.of("--watchdog-fire-timeout", "5"));
  }

  private static KubernetesClient client(Path kubeconfig) {
    return Clients.of(Config.fromKubeconfig(new File(kubeconfig.toString())));
  }

  private <T extends AutoCloseable> T opened(T part) {
    running.push(part);
    return part;
  }

  private Path makeDisk(Path pool) throws IOException {
    Files.setPosixFilePermissions(pool, PosixFilePermissions.fromString("rwx--x--x"));
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: StoragePool
        metadata: {name: shared}
        spec:
          dir: {path: %s, shared: true}
          leases: {backend: sanlock, ioTimeoutSeconds: 1, takeover: bestEffort}
        ---
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualDisk
        metadata: {name: log, namespace: default}
        spec: {poolRef: shared, format: raw, capacity: 64Mi}
        """
            .formatted(pool));
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(disk().getStatus())
                    .matches(
                        status ->
                            status != null && Condition.isTrue(status.conditions(), "Ready")));
    Path path = Path.of(Objects.requireNonNull(disk().getStatus().path()));
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      int written = channel.write(ByteBuffer.wrap(LoggingGuest.bootSector()), 0);
      assertThat(written).isEqualTo(LoggingGuest.SECTOR_BYTES);
      channel.force(false);
    }
    return path;
  }

  private VirtualDisk disk() {
    return client.resources(VirtualDisk.class).inNamespace("default").withName("log").require();
  }

  VirtualMachine machine() {
    return client
        .resources(VirtualMachine.class)
        .inNamespace("default")
        .withName("writer")
        .require();
  }

  private void apply(String manifest) {
    client
        .load(new ByteArrayInputStream(manifest.getBytes(StandardCharsets.UTF_8)))
        .serverSideApply();
  }

  /** What the guest has written until now. */
  WriterLog log() throws IOException {
    return WriterLog.read(image);
  }

  /** The host that the machine is placed on. */
  TestHost runningOn() {
    return Objects.equals(machine().getStatus().nodeName(), first.name()) ? first : second;
  }

  TestHost other(TestHost host) {
    return host == first ? second : first;
  }

  /** Returns when the operator has lost the host. */
  void awaitLost(TestHost host) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(machine().getStatus().conditions())
                    .anyMatch(
                        condition ->
                            condition.type().equals("AgentConnected")
                                && condition.status().equals(Condition.FALSE)));
    assertThat(machine().getStatus().nodeName()).isEqualTo(host.name());
  }

  /** Lets the time pass that a fault lasts. */
  static void pass(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  @Override
  public void close() {
    while (!running.isEmpty()) {
      try {
        running.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
