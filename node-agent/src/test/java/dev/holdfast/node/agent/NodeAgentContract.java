package dev.holdfast.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.Manifests;
import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolSpec;
import dev.holdfast.crds.storage.StoragePoolStatus;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import dev.holdfast.node.host.SimulatedHost;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.Image;
import dev.holdfast.node.plan.Scenarios;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The agent on a simulated host, on any API server. */
abstract class NodeAgentContract {
  private static final Capabilities CAPABILITIES =
      new Capabilities(
          Architecture.X86_64,
          4,
          8L << 30,
          "6.1",
          "7.2.0",
          List.of("pc-q35-7.2"),
          List.of(
              new AcceleratorStatus(
                  Accelerator.KVM, false, "ProbeTimedOut", "the probe guest hung", null, null),
              new AcceleratorStatus(
                  Accelerator.TCG, true, "Usable", "works", "max", List.of("max"))));

  private final SimulatedHost host = new SimulatedHost();
  @TempDir private Path directory;
  private AutoCloseable server;
  private KubernetesClient client;
  private NodeAgent agent;

  @BeforeAll
  static void beGenerousOnBusyMachines() {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
  }

  /** Starts an empty API server that leaves its kubeconfig in the directory. */
  abstract AutoCloseable startServer(Path emptyDirectory) throws Exception;

  /** How the agent watches: by "websocket", unless the property holdfast.watches says "http". */
  String watches() {
    return System.getProperty("holdfast.watches", "websocket");
  }

  @BeforeEach
  void start() throws Exception {
    server = startServer(directory);
    Config config = Config.fromKubeconfig(directory.resolve("kubeconfig").toFile());
    config.setOnlyHttpWatches(watches().equals("http"));
    client = new KubernetesClientBuilder().withConfig(config).build();
    Manifests.PLURALS.forEach(plural -> client.load(in(Manifests.yaml(plural))).serverSideApply());
    client
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName(Holdfast.SYSTEM_NAMESPACE)
                .endMetadata()
                .build())
        .serverSideApply();
    await()
        .ignoreExceptions()
        .until(() -> client.resources(VirtualMachineInstance.class).list() != null);
    agent = startAgent();
  }

  private NodeAgent startAgent() throws Exception {
    return NodeAgent.start(
        client, "node", "test", CAPABILITIES, host, host, host, host.leases(), Clock.systemUTC());
  }

  @AfterEach
  void stop() throws Exception {
    if (agent == null) {
      return; // there is no such API server
    }
    agent.close();
    client.close();
    server.close();
  }

  @Test
  void registersTheHostAndKeepsItsLease() {
    StoragePool pool = new StoragePool();
    pool.setMetadata(new ObjectMetaBuilder().withName("local").build());
    pool.setSpec(
        new StoragePoolSpec(
            new StoragePoolSpec.Dir("/pool", false), StoragePoolSpec.Leases.DEFAULT, null));
    client.resource(pool).create();
    await()
        .untilAsserted(
            () -> {
              HypervisorNode node = client.resources(HypervisorNode.class).withName("node").get();
              assertThat(node).isNotNull();
              assertThat(node.getStatus()).isNotNull();
              assertThat(node.getStatus().cpus()).isEqualTo(4);
              assertThat(Condition.isTrue(node.getStatus().conditions(), "Ready")).isTrue();
              Condition kvm = Condition.find(node.getStatus().conditions(), "KvmUsable");
              assertThat(Objects.requireNonNull(kvm).reason()).isEqualTo("ProbeTimedOut");
              assertThat(node.getStatus().pools())
                  .singleElement()
                  .satisfies(p -> assertThat(p.usable()).isTrue());
              assertThat(
                      client.leases().inNamespace(Holdfast.SYSTEM_NAMESPACE).withName("node").get())
                  .isNotNull();
            });
  }

  @Test
  void runsAMachineThroughItsWholeLife() throws Exception {
    VirtualDiskInstance disk = new VirtualDiskInstance();
    disk.setMetadata(metadata("disk-1"));
    disk.setSpec(Scenarios.disk(1, ReclaimPolicy.RETAIN));
    client.resource(disk).create();
    await()
        .untilAsserted(
            () -> {
              VirtualDiskInstanceStatus status = client.resource(disk).get().getStatus();
              assertThat(status).isNotNull();
              assertThat(status.phase()).isEqualTo(VirtualDiskInstanceStatus.Phase.READY);
              assertThat(status.createdAt()).isNotNull();
            });
    VirtualMachineInstanceSpec spec =
        Scenarios.machine(1, RestartPolicy.ALWAYS, false, List.of(1), List.of(1));
    VirtualMachineInstance machine = new VirtualMachineInstance();
    machine.setMetadata(metadata("machine-1"));
    machine.setSpec(spec);
    client.resource(machine).create();
    awaitStatus(
        machine, s -> s.phase() == Phase.RUNNING && Integer.valueOf(0).equals(s.restarts()));
    assertThat(host.isRunning(spec.uuid())).isTrue();
    assertThat(host.inspect(Scenarios.imagePath(1)))
        .isEqualTo(new Image.Present(disk.getSpec().format(), 1L << 30, spec.uid()));

    host.setTime(Instant.EPOCH.plusSeconds(60)); // no two processes have the same start time
    host.crash(spec.uuid());
    awaitStatus(
        machine, s -> s.phase() == Phase.RUNNING && Integer.valueOf(1).equals(s.restarts()));
    await()
        .untilAsserted(
            () ->
                assertThat(client.v1().events().inNamespace("default").list().getItems())
                    .filteredOn(event -> event.getReason().equals("QemuExited"))
                    .singleElement()
                    .satisfies(
                        event -> assertThat(event.getMessage()).contains("killed by signal 9")));

    agent.close();
    long processBefore =
        Objects.requireNonNull(client.resource(machine).get().getStatus().processId());
    agent = startAgent();
    client
        .resource(machine)
        .edit(
            m -> {
              m.setSpec(Scenarios.machine(1, RestartPolicy.ALWAYS, true, List.of(1), List.of(1)));
              return m;
            });
    awaitStatus(
        machine, s -> s.phase() == Phase.PAUSED && Condition.isTrue(s.conditions(), "Ready"));
    assertThat(client.resource(machine).get().getStatus().processId()).isEqualTo(processBefore);

    client.resource(machine).delete();
    await()
        .until(
            () -> {
              var state = host.machine(spec.uuid());
              return state != null && state.powerButtonAt() != null;
            });
    host.guest(spec.uuid(), Guest.SHUTDOWN);
    await().until(() -> client.resource(machine).get() == null);
    assertThat(host.machines()).isEmpty();
    await().until(() -> host.bridges().isEmpty());
    assertThat(host.taps()).isEmpty();
    assertThat(host.inspect(Scenarios.imagePath(1)))
        .isEqualTo(new Image.Present(disk.getSpec().format(), 1L << 30, 0));
  }

  @Test
  void joinsTheLockspaceOfAPoolAndRunsAMachineWithALeaseInIt() {
    StoragePool pool = new StoragePool();
    pool.setMetadata(new ObjectMetaBuilder().withName("shared").build());
    pool.setSpec(
        new StoragePoolSpec(
            new StoragePoolSpec.Dir("/pool", true),
            new StoragePoolSpec.Leases(
                StoragePoolSpec.Backend.SANLOCK,
                1,
                StoragePoolSpec.Takeover.NONE,
                512,
                1,
                Scenarios.LOCKSPACE),
            null));
    client.resource(pool).create();
    client
        .resource(pool)
        .editStatus(
            p -> {
              p.setStatus(
                  new StoragePoolStatus(
                      null,
                      null,
                      new StoragePoolStatus.Lockspace(Scenarios.LOCKSPACE, "/pool/leases/pool", 0),
                      List.of(
                          new StoragePoolStatus.Host("other", 1),
                          new StoragePoolStatus.Host("node", 2)),
                      null));
              return p;
            });
    awaitLockspace(HypervisorNodeStatus.LockspacePhase.JOINING);

    VirtualDiskInstance disk = new VirtualDiskInstance();
    disk.setMetadata(metadata("disk-10"));
    disk.setSpec(Scenarios.disk(Scenarios.SANLOCK_DISK, ReclaimPolicy.RETAIN));
    client.resource(disk).create();
    VirtualMachineInstance machine = new VirtualMachineInstance();
    machine.setMetadata(metadata("machine-1"));
    machine.setSpec(
        Scenarios.machine(
            1, RestartPolicy.ALWAYS, false, List.of(Scenarios.SANLOCK_DISK), List.of()));
    client.resource(machine).create();
    awaitStatus(machine, s -> reason(s).equals("LockspaceNotReady"));
    host.leases().letLockspacesLive();
    awaitLockspace(HypervisorNodeStatus.LockspacePhase.LIVE);
    awaitStatus(machine, s -> s.phase() == Phase.RUNNING && s.leasesOrEmpty().size() == 1);

    host.setTime(Instant.EPOCH.plusSeconds(60)); // no two processes have the same start time
    host.leases().loseStorage();
    awaitLockspace(HypervisorNodeStatus.LockspacePhase.FAILED);
    await()
        .untilAsserted(
            () ->
                assertThat(client.v1().events().inNamespace("default").list().getItems())
                    .extracting(Event::getReason)
                    .contains("LeaseLost", "LockspaceFailed"));
    host.leases().letLockspacesLive();
    awaitStatus(
        machine, s -> s.phase() == Phase.RUNNING && Integer.valueOf(1).equals(s.restarts()));

    client.resource(machine).withGracePeriod(0).delete();
    await().until(() -> host.machine(Scenarios.uuid(1)) == null || pressed(Scenarios.uuid(1)));
    host.guest(Scenarios.uuid(1), Guest.SHUTDOWN);
    await().until(() -> client.resource(machine).get() == null);
    client.resource(pool).delete();
    await().until(() -> host.leases().leases().lockspaces().isEmpty());
  }

  private boolean pressed(String uuid) {
    var state = host.machine(uuid);
    return state != null && state.powerButtonAt() != null;
  }

  private static String reason(VirtualMachineInstanceStatus status) {
    Condition ready = Condition.find(status.conditions(), Condition.READY);
    return ready == null ? "" : ready.reason();
  }

  private void awaitLockspace(HypervisorNodeStatus.LockspacePhase phase) {
    await()
        .ignoreExceptionsInstanceOf(NullPointerException.class)
        .untilAsserted(
            () -> {
              var status =
                  client.resources(HypervisorNode.class).withName("node").get().getStatus();
              assertThat(status.pools())
                  .singleElement()
                  .satisfies(
                      p -> {
                        HypervisorNodeStatus.Lockspace lockspace =
                            Objects.requireNonNull(p.lockspace());
                        assertThat(lockspace.phase()).isEqualTo(phase);
                        assertThat(lockspace.hostId()).isEqualTo(2);
                      });
              assertThat(Condition.isTrue(status.conditions(), "LeasesRenewed"))
                  .isEqualTo(phase == HypervisorNodeStatus.LockspacePhase.LIVE);
            });
  }

  private void awaitStatus(
      VirtualMachineInstance machine, Predicate<VirtualMachineInstanceStatus> expected) {
    await()
        .until(
            () -> {
              VirtualMachineInstanceStatus status = client.resource(machine).get().getStatus();
              return status != null && expected.test(status);
            });
  }

  private static ObjectMeta metadata(String name) {
    return new ObjectMetaBuilder()
        .withName(name)
        .withNamespace("default")
        .withFinalizers(Holdfast.NODE_AGENT_FINALIZER)
        .build();
  }

  private static java.io.InputStream in(String text) {
    return new java.io.ByteArrayInputStream(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }
}
