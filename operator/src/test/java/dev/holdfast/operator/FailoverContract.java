package dev.holdfast.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineStatus;
import dev.holdfast.crds.machine.VirtualMachineStatus.PrintableStatus;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskStatus;
import dev.holdfast.operator.testing.FakeKeeper;
import dev.holdfast.operator.testing.FakeNode;
import dev.holdfast.operator.testing.FakeStorage;
import dev.holdfast.operator.testing.Laboratory;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What becomes of the machines and disks of a node that is lost, on any API server. */
abstract class FailoverContract extends OperatorScenario {
  private final FakeStorage storage = new FakeStorage();
  private final FakeKeeper keeperA = new FakeKeeper(storage, 2);
  private final FakeKeeper keeperB = new FakeKeeper(storage, 2);

  @Override
  String poolSpec() {
    return poolSpec("storageFence");
  }

  private static String poolSpec(String takeover) {
    return "{dir: {path: /shared, shared: true}, leases: {backend: sanlock, takeover: %s}}"
        .formatted(takeover);
  }

  @Test
  void aMachineIsTakenOverWhenTheStorageShowsItsNodeDead() {
    FakeNode lost = startMachineOnLostNode();
    VirtualMachineStatus held = awaitHeld("is still renewed");
    assertThat(held.printableStatus()).isEqualTo(PrintableStatus.HELD_BY_UNREACHABLE_NODE);
    assertThat(Laboratory.ready(held).status()).isEqualTo(Condition.UNKNOWN);
    assertThat(Laboratory.ready(held).message()).contains("kubectl patch hvnode " + lost.name());
    assertThat(Condition.find(held.conditions(), "LeasesHeld"))
        .isNotNull()
        .extracting(Condition::status)
        .isEqualTo(Condition.UNKNOWN);

    String deadAt = Instant.now().plusSeconds(60).truncatedTo(ChronoUnit.SECONDS).toString();
    storage.fail(keeperA.hostId(), Instant.parse(deadAt));
    awaitHeld(deadAt);
    laboratory()
        .await()
        .untilAsserted(
            () ->
                assertThat(holder().earliestTakeover())
                    .as("what kubectl describe vdisk shows")
                    .isEqualTo(deadAt));
    assertThat(instance("web").getSpec().nodeName()).isEqualTo(lost.name());

    storage.die(keeperA.hostId());
    VirtualMachineStatus status = awaitRunningOn("b");
    assertThat(Condition.isTrue(status.conditions(), "LeasesHeld")).isTrue();
    assertThat(laboratory().events(namespace, "TakenOver")).hasSize(1);
    assertThat(laboratory().events(namespace, "NodeLost")).hasSize(1);
    laboratory()
        .await()
        .untilAsserted(
            () -> {
              assertThat(holder().node()).isEqualTo(namespace + "-b");
              assertThat(holder().version()).isEqualTo(2);
            });
  }

  @Test
  void aNodeThatComesBackLateFindsItsMachineGone() {
    FakeNode lost = startMachineOnLostNode();
    storage.die(keeperA.hostId());
    awaitRunningOn("b");
    String uid = instance("web").getMetadata().getUid();

    keeperA.restart();
    lost.regainContact();
    // The node counts again when the storage shows it alive to the operator.
    laboratory()
        .await()
        .until(() -> Objects.equals(laboratory().pool(namespace).getStatus().nodes(), 2));
    applyDisk("later");
    applyMachineOn("a", "second", "disks: [{name: root, diskRef: later}]");
    laboratory().awaitReady(namespace, "second");

    awaitRunningOn("b");
    assertThat(instance("web").getMetadata().getUid()).isEqualTo(uid);
    assertThat(instance("web").getFinalizers()).containsExactly(Holdfast.NODE_AGENT_FINALIZER);
    assertThat(laboratory().events(namespace, "TakenOver")).hasSize(1);
  }

  @Test
  void aNodeThatComesBackInTimeKeepsItsMachine() {
    FakeNode lost = startMachineOnLostNode();
    String uid = instance("web").getMetadata().getUid();
    storage.fail(keeperA.hostId(), Instant.now().plusSeconds(60));
    awaitHeld("counts as dead from");

    keeperA.restart();
    lost.regainContact();

    awaitRunningOn("a");
    assertThat(instance("web").getMetadata().getUid()).isEqualTo(uid);
    assertThat(laboratory().events(namespace, "TakenOver")).isEmpty();
  }

  @Test
  void withoutAPolicySomebodyHasToSayThatTheNodeIsOff() {
    setTakeover("none");
    FakeNode lost = startMachineOnLostNode();
    storage.die(keeperA.hostId());
    awaitHeld("leaves it to you");

    taint(lost, "node.kubernetes.io/out-of-service");
    awaitRunningOn("b");
    assertThat(laboratory().events(namespace, "TakenOver").getFirst().getMessage())
        .contains("node.kubernetes.io/out-of-service");
  }

  @Test
  void anotherTaintIsNoProof() {
    setTakeover("none");
    FakeNode lost = startMachineOnLostNode();
    awaitHeld("is still renewed");

    taint(lost, "broken-fan");
    storage.die(keeperA.hostId());
    awaitHeld("leaves it to you");
    assertThat(instance("web").getSpec().nodeName()).isEqualTo(lost.name());
  }

  @Test
  void withoutAWatchdogThePolicyWatchdogWaits() {
    setTakeover("watchdog");
    startMachineOnLostNode();
    storage.die(keeperA.hostId());
    awaitHeld("fencing level 2");

    // A policy that is changed counts at once.
    setTakeover("bestEffort");
    awaitRunningOn("b");
  }

  @Test
  void withAWatchdogThePolicyWatchdogTakesOver() {
    setTakeover("watchdog");
    startMachineOnLostNode(new FakeKeeper(storage, 3));
    storage.die(1);
    awaitRunningOn("b");
  }

  @Test
  void aNodeThatHasGivenBackItsLeasesIsTakenOverWhateverThePolicy() {
    setTakeover("none");
    startMachineOnLostNode();
    storage.leave(keeperA.hostId());
    awaitRunningOn("b");
  }

  @Test
  void anOperatorThatWasAwayGoesOnFromWhatItFinds() {
    startMachineOnLostNode();
    awaitHeld("is still renewed");
    laboratory().stopOperator();
    try {
      storage.die(keeperA.hostId());
      // As one that was killed between both writes of a takeover leaves it.
      laboratory().users().resource(instance("web")).delete();
    } finally {
      laboratory().startOperator();
    }

    awaitRunningOn("b");
  }

  @Test
  void aMachineThatIsDeletedOnADeadNodeIsGone() {
    startMachineOnLostNode();
    awaitHeld("is still renewed");

    laboratory().users().resource(laboratory().machine(namespace, "web")).delete();
    laboratory()
        .await()
        .untilAsserted(
            () -> {
              VirtualMachineStatus status = laboratory().machine(namespace, "web").getStatus();
              assertThat(status.printableStatus()).isEqualTo(PrintableStatus.TERMINATING);
              assertThat(Laboratory.ready(status).message()).contains("is still renewed");
            });
    storage.die(keeperA.hostId());
    laboratory()
        .await()
        .untilAsserted(
            () ->
                assertThat(
                        laboratory()
                            .users()
                            .resources(VirtualMachineInstance.class)
                            .inNamespace(namespace)
                            .list()
                            .getItems())
                    .isEmpty());
  }

  @Test
  void whatRunsOnlyOnceIsNotStartedASecondTime() {
    FakeNode lost = startMachineOnLostNode("runStrategy: Once, ");
    storage.die(keeperA.hostId());
    laboratory()
        .awaitMachine(
            namespace,
            "web",
            status -> Laboratory.ready(status).message().contains("not started a second time"));
    assertThat(instance("web").getSpec().nodeName()).isEqualTo(lost.name());
  }

  @Test
  void aDiskThatALostNodeWasToMakeIsMadeByAnotherOne() {
    FakeNode lost = startNode("a", keeperA);
    lost.stopMakingDisks();
    applyDisk("data");
    laboratory().await().until(() -> lost.name().equals(diskStatus("data").nodeName()));
    FakeNode other = startNode("b", keeperB);

    lost.loseContact();
    laboratory()
        .await()
        .untilAsserted(
            () -> {
              VirtualDiskStatus status = diskStatus("data");
              assertThat(status.nodeName()).isEqualTo(other.name());
              assertThat(Condition.isTrue(status.conditions(), Condition.READY)).isTrue();
            });
  }

  @Test
  void aDiskThatALostNodeWasToDeleteIsDeletedByAnotherOneWhenTheFirstIsOff() {
    FakeNode lost = startNode("a", keeperA);
    applyDisk("data", "reclaimPolicy: Delete");
    laboratory()
        .await()
        .until(() -> Condition.isTrue(diskStatus("data").conditions(), Condition.READY));
    FakeNode other = startNode("b", keeperB);
    other.keepDeletedDisks();
    lost.loseContact();
    laboratory().users().resource(laboratory().disk(namespace, "data")).delete();
    laboratory().await().until(() -> diskInstance().getMetadata().getDeletionTimestamp() != null);

    taint(lost, "node.kubernetes.io/out-of-service");
    laboratory()
        .await()
        .untilAsserted(
            () -> {
              assertThat(diskInstance().getSpec().nodeName()).isEqualTo(other.name());
              assertThat(diskInstance().getMetadata().getDeletionTimestamp()).isNotNull();
            });
    other.letDisksGo();
    laboratory()
        .await()
        .until(
            () ->
                laboratory()
                        .users()
                        .resources(VirtualDiskInstance.class)
                        .inNamespace(namespace)
                        .withName("data")
                        .get()
                    == null);
  }

  private FakeNode startMachineOnLostNode() {
    return startMachineOnLostNode("");
  }

  private FakeNode startMachineOnLostNode(String more) {
    return startMachineOnLostNode(keeperA, more);
  }

  private void startMachineOnLostNode(FakeKeeper keeper) {
    var _ = startMachineOnLostNode(keeper, "");
  }

  /** A machine runs on a node, another node is there, and the first one's agent falls silent. */
  private FakeNode startMachineOnLostNode(FakeKeeper keeper, String more) {
    FakeNode lost = startNode("a", keeper);
    applyDisk("data");
    applyMachine("web", more + "disks: [{name: root, diskRef: data}]");
    laboratory().awaitReady(namespace, "web");
    laboratory().await().until(() -> diskStatus("data").holders() != null);
    startNode("b", keeperB);
    laboratory()
        .await()
        .until(() -> Objects.equals(laboratory().pool(namespace).getStatus().nodes(), 2));
    lost.loseContact();
    return lost;
  }

  private VirtualMachineStatus awaitHeld(String why) {
    return laboratory()
        .awaitMachine(
            namespace,
            "web",
            status ->
                Laboratory.ready(status).reason().equals("HeldByUnreachableNode")
                    && Laboratory.ready(status).message().contains(why));
  }

  private VirtualMachineStatus awaitRunningOn(String suffix) {
    return laboratory()
        .awaitMachine(
            namespace,
            "web",
            status ->
                status.printableStatus() == PrintableStatus.RUNNING
                    && (namespace + "-" + suffix).equals(status.nodeName())
                    && Condition.isTrue(status.conditions(), Condition.READY));
  }

  private VirtualDiskStatus.Holder holder() {
    List<VirtualDiskStatus.Holder> holders =
        Objects.requireNonNull(diskStatus("data").holders(), "nobody holds the disk");
    assertThat(holders).hasSize(1);
    return holders.getFirst();
  }

  private VirtualDiskInstance diskInstance() {
    return laboratory()
        .users()
        .resources(VirtualDiskInstance.class)
        .inNamespace(namespace)
        .withName("data")
        .require();
  }

  private void setTakeover(String takeover) {
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: StoragePool
        metadata: {name: NAMESPACE}
        spec: %s
        """
            .formatted(poolSpec(takeover)));
  }

  private void taint(FakeNode node, String key) {
    laboratory()
        .users()
        .resources(HypervisorNode.class)
        .withName(node.name())
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"spec\":{\"taints\":[{\"key\":\"%s\",\"value\":\"nodeshutdown\",\"effect\":\"NoExecute\"}]}}"
                .formatted(key));
  }
}
