package dev.holdfast.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.machine.VirtualMachineStatus;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeSpec;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolStatus;
import dev.holdfast.crds.storage.StoragePoolStatus.Host;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.crds.storage.VirtualDiskStatus;
import dev.holdfast.operator.testing.FakeKeeper;
import dev.holdfast.operator.testing.FakeNode;
import dev.holdfast.operator.testing.FakeStorage;
import dev.holdfast.operator.testing.Laboratory;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** Host ids, lease areas, and disks that several machines may have, on any API server. */
abstract class LeaseContract extends OperatorScenario {
  private static final long MEBIBYTE = 1L << 20;

  private final FakeStorage storage = new FakeStorage();

  @Override
  String poolSpec() {
    return "{dir: {path: /shared, shared: true}, leases: {backend: sanlock}, nodeSelector: {test:"
        + " NAMESPACE}}";
  }

  @Test
  void everyNodeOfAPoolHasAHostIdThatStaysItsOwn() {
    FakeNode a = startNode("a", new FakeKeeper(storage, 2));
    awaitHosts(new Host(a.name(), 1));
    FakeNode b = startNode("b", new FakeKeeper(storage, 2));
    awaitHosts(new Host(a.name(), 1), new Host(b.name(), 2));

    assertThat(pool().getStatus().lockspace())
        .isEqualTo(new StoragePoolStatus.Lockspace(namespace, "/shared/leases/" + namespace, 0));
    laboratory()
        .await()
        .untilAsserted(() -> assertThat(condition("LeasesEnforced").status()).isEqualTo("True"));
    laboratory().await().until(() -> Objects.equals(pool().getStatus().nodes(), 2));

    a.close();
    FakeNode c = startNode("c", new FakeKeeper(storage, 2));
    awaitHosts(new Host(a.name(), 1), new Host(b.name(), 2), new Host(c.name(), 3));
    // Only when the storage shows that nobody renews the id of the deleted node it is given away.
    storage.die(1);
    awaitHosts(new Host(b.name(), 2), new Host(c.name(), 3));
    FakeNode d = startNode("d", new FakeKeeper(storage, 2));
    awaitHosts(new Host(d.name(), 1), new Host(b.name(), 2), new Host(c.name(), 3));
  }

  @Test
  void twoOperatorsAtOnceGiveNoHostIdTwiceAndTakeNoneAway() {
    int count = 24;
    Map<String, Integer> given = new ConcurrentHashMap<>();
    Queue<String> mistakes = new ConcurrentLinkedQueue<>();
    HoldfastOperator second = laboratory().startSecondOperator();
    try (SharedIndexInformer<StoragePool> versions =
        laboratory()
            .users()
            .resources(StoragePool.class)
            .withName(namespace)
            .inform(
                new ResourceEventHandler<StoragePool>() {
                  @Override
                  public void onAdd(StoragePool pool) {
                    check(pool, given, mistakes);
                  }

                  @Override
                  public void onUpdate(StoragePool before, StoragePool pool) {
                    check(pool, given, mistakes);
                  }

                  @Override
                  public void onDelete(StoragePool pool, boolean unknown) {}
                })) {
      for (int i = 0; i < count; i++) {
        HypervisorNode node = new HypervisorNode();
        node.setMetadata(
            new ObjectMetaBuilder()
                .withName(namespace + "-" + i)
                .withLabels(Map.of("test", namespace))
                .build());
        node.setSpec(new HypervisorNodeSpec(false, null));
        laboratory().users().resource(node).create();
      }
      laboratory().await().until(() -> pool().getStatus().hostsOrEmpty().size() == count);
      laboratory().await().until(() -> given.size() == count);
      assertThat(versions.isRunning()).isTrue();
    } finally {
      second.close();
    }
    assertThat(mistakes).isEmpty();
    assertThat(pool().getStatus().hostsOrEmpty().stream().map(Host::hostId))
        .doesNotHaveDuplicates()
        .allMatch(id -> id >= 1 && id <= count);
  }

  private static void check(StoragePool pool, Map<String, Integer> given, Queue<String> mistakes) {
    StoragePoolStatus status = pool.getStatus();
    List<Host> hosts = status == null ? List.of() : status.hostsOrEmpty();
    for (Host host : hosts) {
      Integer before = given.putIfAbsent(host.node(), host.hostId());
      if (before != null && before != host.hostId()) {
        mistakes.add(host + " had " + before);
      }
    }
    if (hosts.size() < given.size()) {
      mistakes.add("some were taken away: " + hosts);
    }
  }

  @Test
  void disksHaveLeasesOfTheirOwnAndGiveThemBack() {
    startNode("a", new FakeKeeper(storage, 2));
    applyDisk("one");
    VirtualDiskInstanceSpec.Lease first = awaitLease("one");
    applyDisk("two");
    VirtualDiskInstanceSpec.Lease second = awaitLease("two");

    assertThat(first.backend()).isEqualTo(LeaseBackend.SANLOCK);
    assertThat(first.lockspace()).isEqualTo(namespace);
    assertThat(first.path()).isEqualTo("/shared/leases/" + namespace);
    assertThat(first.offset()).isEqualTo(3 * MEBIBYTE);
    assertThat(second.offset()).isEqualTo(4 * MEBIBYTE);
    assertThat(second.resource()).isNotEqualTo(first.resource());

    laboratory().users().resource(laboratory().disk(namespace, "one")).delete();
    laboratory().await().until(() -> diskInstances().size() == 1);
    applyDisk("three");
    assertThat(awaitLease("three")).isEqualTo(first);
  }

  @Test
  void aLeaseThatAnotherDiskHasIsRefusedUntilThatIsGone() {
    startNode("a", new FakeKeeper(storage, 2));
    String lease =
        "lease: {lockspace: NAMESPACE, resource: theirs, path: /shared/leases/theirs, offset: 0}";
    applyDisk("one", lease);
    assertThat(awaitLease("one").resource()).isEqualTo("theirs");

    applyDisk("two", lease);
    awaitDisk("two", "LeaseInUse", "VirtualDisk " + namespace + "/one has the same lease");
    laboratory()
        .await()
        .untilAsserted(() -> assertThat(laboratory().events(namespace, "LeaseInUse")).hasSize(1));
    applyDisk("three", lease.replace("/shared/leases/theirs", "/etc/shadow"));
    awaitDisk("three", "LeaseInvalid", "/etc/shadow does not lie in /shared/leases/");

    laboratory().users().resource(laboratory().disk(namespace, "one")).delete();
    assertThat(awaitLease("two").resource()).isEqualTo("theirs");
  }

  @Test
  void aDiskThatAllMayWriteIsWrittenOnEveryNode() {
    startNode("a", new FakeKeeper(storage, 2));
    startNode("b", new FakeKeeper(storage, 2));
    applyDisk("data", "format: raw, accessMode: SharedReadWrite");
    for (String suffix : List.of("a", "b")) {
      applyMachineOn(suffix, "m-" + suffix, "disks: [{name: data, diskRef: data}]");
    }
    for (String suffix : List.of("a", "b")) {
      VirtualMachineStatus status = laboratory().awaitReady(namespace, "m-" + suffix);
      assertThat(status.nodeName()).isEqualTo(namespace + "-" + suffix);
      assertThat(Condition.isTrue(status.conditions(), "LeasesHeld")).isTrue();
    }

    VirtualMachineInstanceSpec.Disk one = attached("m-a");
    assertThat(one.shareWrites()).isTrue();
    assertThat(Objects.requireNonNull(one.lease()).mode()).isEqualTo(LeaseMode.SHARED);
    assertThat(attached("m-b").group()).isEqualTo(one.group()).isNotNull();
    assertThat(one.group())
        .isNotEqualTo(instance("m-a").getSpec().uid())
        .isNotEqualTo(instance("m-b").getSpec().uid());
    laboratory()
        .await()
        .untilAsserted(
            () -> {
              VirtualDiskStatus status = diskStatus("data");
              assertThat(status.usedBy()).isEqualTo("m-a, m-b");
              assertThat(status.holders())
                  .extracting(VirtualDiskStatus.Holder::machine)
                  .containsExactly("m-a", "m-b");
            });
    laboratory().users().resource(laboratory().disk(namespace, "data")).delete();
    awaitDisk(
        "data",
        "Terminating",
        "m-a on node %1$s-a, m-b on node %1$s-b to be halted".formatted(namespace));
  }

  @Test
  void aDiskThatAllMayReadIsWrittenByNobody() {
    startNode("a", new FakeKeeper(storage, 2));
    applyDisk("image", "accessMode: SharedReadOnly");
    applyMachine("one", "disks: [{name: data, diskRef: image}]");
    applyMachine("two", "disks: [{name: data, diskRef: image, readOnly: true}]");

    assertThat(laboratory().awaitReady(namespace, "one").pendingChanges()).isNull();
    laboratory().awaitReady(namespace, "two");
    for (String machine : List.of("one", "two")) {
      assertThat(attached(machine).readOnly()).isTrue();
      assertThat(attached(machine).shareWrites()).isFalse();
      assertThat(Objects.requireNonNull(attached(machine).lease()).mode())
          .isEqualTo(LeaseMode.SHARED);
    }
  }

  @Test
  void theHolderOfADiskIsNamedWhereverOneLooks() {
    FakeNode node = startNode("a", new FakeKeeper(storage, 2));
    applyDisk("data");
    applyMachine("first", "disks: [{name: root, diskRef: data}]");
    laboratory().awaitReady(namespace, "first");
    laboratory().await().until(() -> diskStatus("data").holders() != null);

    VirtualDiskStatus.Holder holder =
        Objects.requireNonNull(diskStatus("data").holders()).getFirst();
    assertThat(holder.machine()).isEqualTo("first");
    assertThat(holder.node()).isEqualTo(node.name());
    assertThat(holder.hostId()).isEqualTo(1);
    assertThat(holder.version()).isEqualTo(1);
    assertThat(holder.fencingLevel()).isEqualTo(2);
    assertThat(holder.earliestTakeover()).isNull();
    Condition inUse = Condition.find(diskStatus("data").conditions(), "InUse");
    assertThat(Objects.requireNonNull(inUse).message())
        .contains("VirtualMachine first on node " + node.name())
        .contains("held by first since " + holder.since());

    applyMachine("second", "disks: [{name: root, diskRef: data}]");
    VirtualMachineStatus refused = laboratory().awaitReason(namespace, "second", "DiskInUse");
    assertThat(Laboratory.ready(refused).message())
        .contains("VirtualMachine first on node " + node.name() + " since " + holder.since());
  }

  @Test
  void aPoolWithoutLeasesSaysSo() {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: StoragePool
        metadata: {name: NAMESPACE-open}
        spec: {dir: {path: /open}, leases: {backend: none}}
        """);
    awaitPool(namespace + "-open", "LeasesEnforced", "LeasesDisabled", "leases.backend is none");
  }

  @Test
  void anImageFromBeforeThereWereLeasesGetsItsLock() {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: StoragePool
        metadata: {name: NAMESPACE-old}
        spec: {dir: {path: /old}}
        ---
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualDisk
        metadata: {name: data}
        spec: {poolRef: NAMESPACE-old, capacity: 1Gi}
        """);
    laboratory().await().until(() -> diskStatus("data") != null);
    VirtualDisk disk = laboratory().disk(namespace, "data");
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualDiskInstance
        metadata:
          name: data
          ownerReferences:
            - {apiVersion: holdfast.dev/v1alpha1, kind: VirtualDisk, name: data, uid: %s}
        spec:
          nodeName: somewhere
          poolName: NAMESPACE-old
          poolPath: /old
          path: /old/disks/NAMESPACE/data.qcow2
          capacityBytes: 1073741824
          format: qcow2
          reclaimPolicy: Retain
        """
            .formatted(disk.getMetadata().getUid()));

    laboratory()
        .await()
        .untilAsserted(
            () ->
                assertThat(diskInstances().getFirst().getSpec().lease())
                    .isEqualTo(
                        new VirtualDiskInstanceSpec.Lease(
                            LeaseBackend.OFD,
                            null,
                            null,
                            "/old/leases/" + namespace + "/data.lock",
                            null)));
  }

  @Test
  void aSecondPoolWithTheSameLockspaceWaitsUntilTheFirstIsGone() {
    String name = namespace + "-2";
    laboratory().await().until(() -> pool().getStatus().lockspace() != null);
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: StoragePool
        metadata: {name: NAMESPACE-2}
        spec: {dir: {path: /other, shared: true}, leases: {backend: sanlock, lockspace: NAMESPACE}}
        """);
    awaitPool(name, "Ready", "LockspaceInUse", "StoragePool " + namespace);

    laboratory().users().resource(pool()).delete();
    laboratory().await().until(() -> laboratory().pool(name).getStatus().lockspace() != null);
    laboratory().users().resource(laboratory().pool(name)).delete();
  }

  private VirtualMachineInstanceSpec.Disk attached(String machine) {
    return instance(machine).getSpec().disksOrEmpty().getFirst();
  }

  private void awaitHosts(Host... hosts) {
    laboratory()
        .await()
        .untilAsserted(() -> assertThat(pool().getStatus().hostsOrEmpty()).containsExactly(hosts));
  }

  private void awaitDisk(String name, String reason, String message) {
    laboratory()
        .await()
        .untilAsserted(
            () -> {
              Condition ready = Condition.find(diskStatus(name).conditions(), Condition.READY);
              assertThat(Objects.requireNonNull(ready).reason()).isEqualTo(reason);
              assertThat(ready.message()).contains(message);
            });
  }

  private void awaitPool(String name, String type, String reason, String message) {
    laboratory()
        .await()
        .untilAsserted(
            () -> {
              Condition condition =
                  Condition.find(laboratory().pool(name).getStatus().conditions(), type);
              assertThat(Objects.requireNonNull(condition).reason()).isEqualTo(reason);
              assertThat(condition.status()).isEqualTo(Condition.FALSE);
              assertThat(condition.message()).contains(message);
            });
  }

  private VirtualDiskInstanceSpec.Lease awaitLease(String disk) {
    laboratory()
        .await()
        .until(() -> Condition.isTrue(diskStatus(disk).conditions(), Condition.READY));
    VirtualDiskInstanceSpec spec =
        laboratory()
            .users()
            .resources(VirtualDiskInstance.class)
            .inNamespace(namespace)
            .withName(disk)
            .require()
            .getSpec();
    return Objects.requireNonNull(spec.lease());
  }

  private List<VirtualDiskInstance> diskInstances() {
    return laboratory()
        .users()
        .resources(VirtualDiskInstance.class)
        .inNamespace(namespace)
        .list()
        .getItems();
  }

  private Condition condition(String type) {
    return Objects.requireNonNull(Condition.find(pool().getStatus().conditions(), type));
  }

  private StoragePool pool() {
    return laboratory().pool(namespace);
  }
}
