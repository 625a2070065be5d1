package dev.holdfast.system.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.Manifests;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.operator.HoldfastOperator;
import dev.holdfast.operator.OperatorOptions;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two hosts, one disk on storage that both see, and one machine that writes to it all the time.
 * Hosts fail, keepers are killed and hang, agents lose the control plane. The machine always runs
 * again in the end, and never twice.
 */
@Tag("heavy")
class OneWriterTest {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");

  /** Each with every accident. */
  private static final int ROUNDS = Integer.getInteger("holdfast.one-writer.rounds", 1);

  private static final String DISK =
      """
      apiVersion: holdfast.dev/v1alpha1
      kind: VirtualDisk
      metadata: {name: log, namespace: default}
      spec: {poolRef: shared, format: raw, capacity: 4Mi}
      """;
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
        disks: [{name: log, diskRef: log, cache: writeback, bootOrder: 1}]
      """;

  /** What can happen to the host that the machine runs on. */
  private enum Accident {
    KEEPER_KILLED,
    KEEPER_FROZEN,
    HOST_FAILED,
    AGENT_CUT_OFF
  }

  @TempDir private Path directory;
  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  private final Map<String, SimpleHost> hosts = new TreeMap<>();
  private final Queue<String> violations = new ConcurrentLinkedQueue<>();
  private KubernetesClient client;

  @BeforeEach
  void start() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root to change users");
    assumeTrue(Files.isExecutable(QEMU), QEMU + " is missing");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    Path plane = directory.resolve("plane");
    opened(StandaloneControlPlane.start(StandaloneOptions.in(plane).withSync(false)));
    client = connect(plane);
    Manifests.PLURALS.forEach(plural -> apply(Manifests.yaml(plural)));
    client
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName(Holdfast.SYSTEM_NAMESPACE)
                .endMetadata()
                .build())
        .serverSideApply();
    opened(HoldfastOperator.start(connect(plane), options()));
    for (String name : List.of("a", "b")) {
      SimpleHost host =
          new SimpleHost(
              connect(plane),
              name,
              directory.resolve(name),
              List.of("--watchdog-fire-timeout=4", "--watchdog=off"));
      hosts.put(name, host);
      opened(host::fail);
      host.start();
    }
  }

  /** Nodes are lost sooner than in the field, but not before they miss a heartbeat. */
  private static OperatorOptions options() {
    OperatorOptions usual = OperatorOptions.defaults();
    return new OperatorOptions(
        usual.leaderLease(),
        usual.overcommit(),
        Duration.ofSeconds(15),
        usual.firstUid(),
        usual.workers(),
        usual.retryInterval(),
        usual.longestRetryInterval(),
        usual.terminationTimeout());
  }

  private KubernetesClient connect(Path plane) {
    return opened(
        new KubernetesClientBuilder()
            .withConfig(Config.fromKubeconfig(plane.resolve("kubeconfig").toFile()))
            .build());
  }

  private void apply(String manifest) {
    client
        .load(new ByteArrayInputStream(manifest.getBytes(StandardCharsets.UTF_8)))
        .serverSideApply();
  }

  private <T extends AutoCloseable> T opened(T part) {
    running.push(part);
    return part;
  }

  @AfterEach
  void stop() throws Exception {
    while (!running.isEmpty()) {
      running.pop().close();
    }
  }

  @Test
  void oneMachineWritesToADiskAtAnyTimeWhateverHappensToItsHost() throws Exception {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: StoragePool
        metadata: {name: shared}
        spec:
          dir: {path: %s, shared: true}
          leases: {backend: sanlock, ioTimeoutSeconds: 1, takeover: bestEffort}
        """
            .formatted(directory.resolve("pool")));
    apply(DISK);
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(NullPointerException.class)
        .until(() -> Condition.isTrue(disk().getStatus().conditions(), Condition.READY));
    Path image = Path.of(Objects.requireNonNull(disk().getStatus().path()));
    CountingGuest.install(image);
    apply(MACHINE);
    awaitProgress(image, "at first");
    long seed = Long.getLong("holdfast.one-writer.seed", 1);
    Random random = new Random(seed);
    try (ScheduledExecutorService watching = Executors.newSingleThreadScheduledExecutor()) {
      var _ = watching.scheduleAtFixedRate(() -> look(image), 0, 50, TimeUnit.MILLISECONDS);
      List<Accident> accidents = new ArrayList<>();
      for (int round = 0; round < ROUNDS; round++) {
        List<Accident> each = new ArrayList<>(List.of(Accident.values()));
        Collections.shuffle(each, random);
        accidents.addAll(each);
      }
      for (Accident accident : accidents) {
        long began = System.nanoTime();
        happen(accident, image);
        awaitProgress(image, "after " + accident);
        System.out.printf(
            "%s: the machine writes again after %.1f s%n",
            accident, (System.nanoTime() - began) / 1e9);
      }
      watching.shutdownNow();
    }
    assertThat(violations).as("seed %d", seed).isEmpty();
    assertThat(client.v1().events().inNamespace("default").list().getItems())
        .as("a second QEMU would have been kept out by the first one's lock on the image")
        .extracting(Event::getReason)
        .doesNotContain("QemuFailed");
  }

  private void happen(Accident accident, Path image) throws Exception {
    SimpleHost host = Objects.requireNonNull(hosts.get(instance().getSpec().nodeName()));
    switch (accident) {
      case KEEPER_KILLED -> host.killKeeper();
      case KEEPER_FROZEN -> {
        host.freezeKeeper();
        await().atMost(PATIENCE).until(() -> writers(image).isEmpty());
      }
      case HOST_FAILED -> {
        host.fail();
        await()
            .atMost(PATIENCE)
            .ignoreExceptions()
            .until(() -> !instance().getSpec().nodeName().equals(host.name()));
        awaitProgress(image, "on another host");
        host.start();
      }
      case AGENT_CUT_OFF -> {
        List<Long> before = writers(image);
        host.stopAgent();
        await()
            .during(Duration.ofSeconds(25))
            .atMost(PATIENCE)
            .until(() -> writers(image).equals(before));
        assertThat(instance().getSpec().nodeName()).isEqualTo(host.name());
        host.start();
      }
    }
  }

  private static void awaitProgress(Path image, String when) throws IOException {
    int before = CountingGuest.number(image);
    await("the machine writes " + when)
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(CountingGuest.number(image)).isGreaterThan(before + 100));
  }

  private void look(Path image) {
    try {
      List<Long> writers = writers(image);
      if (writers.size() > 1) {
        violations.add("QEMUs " + writers + " have the image open");
      }
      for (String host : hosts.keySet()) {
        try (Stream<Path> files = Files.walk(directory.resolve(host).resolve("m"))) {
          for (Path log : files.filter(file -> file.endsWith("console.log")).toList()) {
            String said = Files.readString(log);
            if (said.contains("X") || said.contains("E")) {
              violations.add("the guest on host %s says %s".formatted(host, said));
            }
          }
        }
      }
    } catch (IOException | UncheckedIOException gone) {
      // A machine's directory goes with it.
      return;
    }
  }

  /** Processes of QEMUs that live and were started with the image. */
  private static List<Long> writers(Path image) {
    List<Long> writers = new ArrayList<>();
    ProcessHandle.allProcesses()
        .filter(process -> isWriter(process, image))
        .forEach(process -> writers.add(process.pid()));
    return writers;
  }

  private static boolean isWriter(ProcessHandle process, Path image) {
    try {
      String arguments = Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
      return arguments.startsWith(QEMU + "\0") && arguments.contains("\"" + image + "\"");
    } catch (IOException ended) {
      return false;
    }
  }

  private VirtualDisk disk() {
    return client.resources(VirtualDisk.class).inNamespace("default").withName("log").require();
  }

  private VirtualMachineInstance instance() {
    assertThat(client.resources(VirtualMachine.class).inNamespace("default").list().getItems())
        .hasSize(1);
    return client
        .resources(VirtualMachineInstance.class)
        .inNamespace("default")
        .withName("writer")
        .require();
  }
}
