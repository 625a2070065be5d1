package dev.holdfast.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.Manifests;
import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.CacheMode;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Cpu;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.node.host.qemu.QemuHostOptions;
import dev.holdfast.node.plan.Scenarios;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.Watch;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.ByteArrayInputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Agents with real keepers and QEMUs on one directory, as hosts with a shared file system. */
abstract class LeasedMachines {
  static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;
  private final Deque<AutoCloseable> running = new ArrayDeque<>();
  KubernetesClient client;

  @BeforeEach
  void start() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root to change users");
    assumeTrue(
        Files.isExecutable(QemuHostOptions.defaults().binary()), "qemu-system-x86_64 is missing");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    Path disks =
        Files.createDirectories(
            directory.resolve("pool/disks/default"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    assertThat(disks).isDirectory();
    Files.createDirectories(directory.resolve("pool/leases"));
    Path plane = directory.resolve("plane");
    opened(StandaloneControlPlane.start(StandaloneOptions.in(plane).withSync(false)));
    client =
        opened(
            new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(plane.resolve("kubeconfig").toFile()))
                .build());
    Manifests.PLURALS.forEach(
        plural ->
            client
                .load(
                    new ByteArrayInputStream(
                        Manifests.yaml(plural).getBytes(StandardCharsets.UTF_8)))
                .serverSideApply());
    client
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName(Holdfast.SYSTEM_NAMESPACE)
                .endMetadata()
                .build())
        .serverSideApply();
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> client.resources(VirtualMachineInstance.class).list() != null);
  }

  @AfterEach
  void stop() throws Exception {
    while (!running.isEmpty()) {
      running.pop().close();
    }
  }

  private <T extends AutoCloseable> T opened(T part) {
    running.push(part);
    return part;
  }

  RealNode node(String name) throws Exception {
    return opened(RealNode.start(client, name, directory.resolve(name)));
  }

  long start(int number, @Nullable Lease lease) throws Exception {
    long begin = System.nanoTime();
    VirtualMachineInstance machine = create(number, "a", lease);
    awaitReady(machine, "Running");
    long millis = (System.nanoTime() - begin) / 1_000_000;
    delete(machine);
    return millis;
  }

  Watch counting(AtomicInteger modified) {
    return client
        .resources(VirtualMachineInstance.class)
        .inNamespace("default")
        .watch(
            new Watcher<>() {
              @Override
              public void eventReceived(Action action, VirtualMachineInstance machine) {
                if (action == Action.MODIFIED
                    && machine.getMetadata().getDeletionTimestamp() == null) {
                  modified.incrementAndGet();
                }
              }

              @Override
              public void onClose(WatcherException cause) {}
            });
  }

  static long median(List<Long> times) {
    Collections.sort(times);
    return times.get(times.size() / 2);
  }

  Lease locked(int disk) {
    return new Lease(
        LeaseBackend.OFD,
        LeaseMode.EXCLUSIVE,
        null,
        null,
        directory.resolve("pool/leases/disk-" + disk + ".lock").toString(),
        null);
  }

  /** Where the disk lies that has the lease, or another one without. */
  Path image(@Nullable Lease lease) {
    return directory.resolve(
        "pool/disks/default/disk-%s.raw".formatted(lease == null ? "plain" : "1"));
  }

  VirtualMachineInstance create(int number, String node, @Nullable Lease lease) throws Exception {
    return create(number, node, lease, null);
  }

  VirtualMachineInstance create(
      int number, String node, @Nullable Lease lease, @Nullable Integer group) throws Exception {
    Path image = image(lease);
    if (!Files.exists(image)) {
      try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
        file.setLength(1 << 20);
      }
    }
    VirtualMachineInstance machine = new VirtualMachineInstance();
    machine.setMetadata(
        new ObjectMetaBuilder()
            .withName("machine-" + number)
            .withNamespace("default")
            .withFinalizers(Holdfast.NODE_AGENT_FINALIZER)
            .build());
    machine.setSpec(
        new VirtualMachineInstanceSpec(
            node,
            Scenarios.uuid(number),
            1,
            RestartPolicy.ALWAYS,
            false,
            0,
            "pc-q35-7.2",
            Accelerator.TCG,
            new Cpu("qemu64", 1, 1, 1),
            64L << 20,
            70_000 + number,
            null,
            List.of(
                new Disk(
                    "data",
                    "data",
                    image.toString(),
                    DiskFormat.RAW,
                    false,
                    CacheMode.WRITEBACK,
                    null,
                    1,
                    group,
                    lease)),
            null));
    return client.resource(machine).create();
  }

  void pause(VirtualMachineInstance machine, boolean paused) {
    client
        .resource(machine)
        .patch(
            PatchContext.of(PatchType.JSON_MERGE), "{\"spec\":{\"paused\":%s}}".formatted(paused));
  }

  void delete(VirtualMachineInstance machine) {
    client.resource(machine).delete();
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(10))
        .until(() -> client.resource(machine).get() == null);
  }

  /** Waits until the condition Ready has that reason. */
  VirtualMachineInstanceStatus awaitReady(VirtualMachineInstance machine, String reason) {
    await()
        .atMost(PATIENCE)
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .untilAsserted(
            () -> {
              Condition ready = Condition.find(status(machine).conditions(), Condition.READY);
              assertThat(ready == null ? "" : ready.reason())
                  .as(ready == null ? "no condition" : ready.message())
                  .isEqualTo(reason);
            });
    return status(machine);
  }

  VirtualMachineInstanceStatus status(VirtualMachineInstance machine) {
    VirtualMachineInstanceStatus status = client.resource(machine).get().getStatus();
    return status != null
        ? status
        : new VirtualMachineInstanceStatus(null, Phase.PENDING, null, null, null, null, null, null);
  }

  String leasesHeld(VirtualMachineInstance machine) {
    Condition held =
        Objects.requireNonNull(Condition.find(status(machine).conditions(), "LeasesHeld"));
    return held.status() + " " + held.reason();
  }
}
