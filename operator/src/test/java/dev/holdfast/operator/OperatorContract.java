package dev.holdfast.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineStatus;
import dev.holdfast.crds.machine.VirtualMachineStatus.PrintableStatus;
import dev.holdfast.crds.network.VirtualNetwork;
import dev.holdfast.crds.network.VirtualNetworkStatus;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskStatus;
import dev.holdfast.operator.testing.FakeNode;
import dev.holdfast.operator.testing.Laboratory;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What the operator does on any API server, with nodes whose agents are played. */
abstract class OperatorContract extends OperatorScenario {
  @Test
  void placesAMachineAndReportsThatItRuns() {
    FakeNode node = startNode("a");
    applyDiskAndNetwork("10.77.0.0/24");
    applyMachine(
        "web", "disks: [{name: root, diskRef: data}], interfaces: [{name: lan, networkRef: net}]");

    VirtualMachineStatus status = laboratory().awaitReady(namespace, "web");

    assertThat(status.printableStatus()).isEqualTo(PrintableStatus.RUNNING);
    assertThat(status.nodeName()).isEqualTo(node.name());
    VirtualMachineInstance instance = instance("web");
    VirtualMachineInstanceSpec spec = instance.getSpec();
    assertThat(spec.machineType()).isEqualTo("pc-q35-7.2");
    assertThat(spec.cpu().model()).isEqualTo("max");
    assertThat(spec.uuid()).isEqualTo(status.uuid());
    assertThat(spec.disksOrEmpty().getFirst().path())
        .isEqualTo("/var/lib/holdfast/pool/disks/" + namespace + "/data.qcow2");
    assertThat(instance.getFinalizers()).containsExactly(Holdfast.NODE_AGENT_FINALIZER);
    assertThat(status.interfaces()).hasSize(1);
    laboratory()
        .await()
        .untilAsserted(() -> assertThat(diskStatus("data").usedBy()).isEqualTo("web"));
    assertThat(laboratory().events(namespace, "Scheduled")).hasSize(1);
    laboratory()
        .await()
        .untilAsserted(() -> assertThat(laboratory().events(namespace, "Started")).hasSize(1));
  }

  @Test
  void startsAMachineWithAtMostFiveWrites() {
    startNode("a");
    applyMachine("web", "");

    laboratory().awaitReady(namespace, "web");

    assertThat(laboratory().writesAbout(namespace)).hasSizeLessThanOrEqualTo(5);
  }

  @Test
  void aHaltedMachineIsReadyAndHasNoInstance() {
    startNode("a");
    applyMachine("web", "runStrategy: Halted");

    VirtualMachineStatus status = laboratory().awaitReady(namespace, "web");

    assertThat(status.printableStatus()).isEqualTo(PrintableStatus.STOPPED);
    assertThat(laboratory().instance(namespace, "web")).isNull();
  }

  @Test
  void haltsStartsAndPausesAMachine() {
    startNode("a");
    applyMachine("web", "");
    String address = laboratory().awaitReady(namespace, "web").uuid();

    applyMachine("web", "runStrategy: Halted");
    VirtualMachineStatus halted = laboratory().awaitReady(namespace, "web");
    assertThat(halted.printableStatus()).isEqualTo(PrintableStatus.STOPPED);
    assertThat(laboratory().instance(namespace, "web")).isNull();

    applyMachine("web", "paused: true");
    VirtualMachineStatus paused = laboratory().awaitReady(namespace, "web");
    assertThat(paused.printableStatus()).isEqualTo(PrintableStatus.PAUSED);
    assertThat(paused.uuid()).isEqualTo(address);

    String before = instance("web").getMetadata().getUid();
    applyMachine("web", "paused: false, terminationGracePeriodSeconds: 5");
    assertThat(laboratory().awaitReady(namespace, "web").printableStatus())
        .isEqualTo(PrintableStatus.RUNNING);
    assertThat(instance("web").getMetadata().getUid()).isEqualTo(before);
    assertThat(instance("web").getSpec().terminationGracePeriodSeconds()).isEqualTo(5);
  }

  @Test
  void changesThatNeedARestartAreToldAndNothingIsTouched() {
    startNode("a");
    applyMachine("web", "");
    laboratory().awaitReady(namespace, "web");
    VirtualMachineInstance before = instance("web");

    applyMachine("web", "cpu: {cores: 2}, disks: [{name: late, diskRef: none}]");
    VirtualMachineStatus status = laboratory().awaitReady(namespace, "web");

    assertThat(status.pendingChanges()).containsExactly("spec.cpu.cores", "spec.disks[name=late]");
    assertThat(Condition.isTrue(status.conditions(), "RestartRequired")).isTrue();
    assertThat(instance("web").getMetadata().getUid()).isEqualTo(before.getMetadata().getUid());
    assertThat(instance("web").getSpec().cpu()).isEqualTo(before.getSpec().cpu());

    applyMachine("web", "");
    laboratory().awaitMachine(namespace, "web", now -> now.pendingChanges() == null);
  }

  @Test
  void aMachineThatIsDeletedAndAppliedAgainIsTheSameAndItsDiskStays() {
    startNode("a");
    applyDiskAndNetwork("10.78.0.0/24");
    String hardware =
        "disks: [{name: root, diskRef: data}], interfaces: [{name: lan, networkRef: net}]";
    applyMachine("web", hardware);
    VirtualMachineStatus before = laboratory().awaitReady(namespace, "web");

    laboratory().users().resource(laboratory().machine(namespace, "web")).delete();
    awaitNoMachine("web");
    applyMachine("web", hardware);
    VirtualMachineStatus after =
        laboratory()
            .awaitMachine(
                namespace, "web", status -> Condition.isTrue(status.conditions(), Condition.READY));

    assertThat(after.uuid()).isEqualTo(before.uuid());
    assertThat(after.interfaces()).isEqualTo(before.interfaces());
    assertThat(laboratory().disk(namespace, "data").getMetadata().getDeletionTimestamp()).isNull();
  }

  @Test
  void aDeletedMachineStaysUntilItsGuestHasStopped() {
    FakeNode node = startNode("a");
    applyMachine("web", "");
    laboratory().awaitReady(namespace, "web");
    node.keepGuests();

    laboratory().users().resource(laboratory().machine(namespace, "web")).delete();
    laboratory()
        .await()
        .until(
            () ->
                laboratory().machine(namespace, "web").getStatus().printableStatus()
                    == PrintableStatus.TERMINATING);
    assertThat(instance("web").getMetadata().getDeletionTimestamp()).isNotNull();

    node.letGuestsGo();
    awaitNoMachine("web");
    assertThat(laboratory().instance(namespace, "web")).isNull();
  }

  @Test
  void aDiskIsNeverGivenToTwoMachines() {
    startNode("a");
    applyDisk("data");
    applyMachine("first", "disks: [{name: root, diskRef: data}]");
    laboratory().awaitReady(namespace, "first");

    applyMachine("second", "disks: [{name: root, diskRef: data}]");
    VirtualMachineStatus refused = laboratory().awaitReason(namespace, "second", "DiskInUse");
    assertThat(Laboratory.ready(refused).message())
        .contains("VirtualMachine first")
        .contains("Halt that one first");
    assertThat(laboratory().instance(namespace, "second")).isNull();
    laboratory()
        .await()
        .untilAsserted(() -> assertThat(laboratory().events(namespace, "DiskInUse")).hasSize(1));

    applyMachine("first", "runStrategy: Halted, disks: [{name: root, diskRef: data}]");
    laboratory().awaitReady(namespace, "second");
  }

  @Test
  void waitsForWhatIsMissingAndTellsWhat() {
    startNode("a");
    String hardware =
        "disks: [{name: root, diskRef: data}], interfaces: [{name: lan, networkRef: net}]";
    applyMachine("web", hardware);
    laboratory().awaitReason(namespace, "web", "DiskNotFound");
    applyDisk("data");
    laboratory().awaitReason(namespace, "web", "NetworkNotFound");
    applyNetwork("net", "10.79.0.0/24");
    laboratory().awaitReady(namespace, "web");
  }

  @Test
  void aNetworkThatOverlapsAnOlderOneIsRefusedUntilThatIsGone() {
    applyNetwork("older", "10.80.0.0/16");
    laboratory().await().until(() -> networkReason("older").equals("Usable"));
    // Age is compared by the second, as the API server stores it.
    laboratory().await().until(() -> secondsOld("older") >= 2);
    applyNetwork("younger", "10.80.5.0/24");
    laboratory().await().until(() -> networkReason("younger").equals("SubnetOverlaps"));
    assertThat(networkReason("older")).isEqualTo("Usable");

    laboratory()
        .users()
        .resources(VirtualNetwork.class)
        .inNamespace(namespace)
        .withName("older")
        .delete();
    laboratory().await().until(() -> networkReason("younger").equals("Usable"));
  }

  @Test
  void aMachineThatFitsNowhereStartsWhenThereIsRoom() {
    startNode("a", GIBIBYTE);
    apply(
        """
        apiVersion: holdfast.dev/v1alpha1
        kind: VirtualMachine
        metadata: {name: large}
        spec: {nodeSelector: {test: NAMESPACE}, memory: {guest: 4Gi}}
        """);
    VirtualMachineStatus status = laboratory().awaitReason(namespace, "large", "Unschedulable");
    assertThat(status.printableStatus()).isEqualTo(PrintableStatus.UNSCHEDULABLE);
    assertThat(Laboratory.ready(status).message())
        .contains("1 Insufficient memory (needs 4Gi, 768Mi free)");

    FakeNode roomy = startNode("b");
    assertThat(laboratory().awaitReady(namespace, "large").nodeName()).isEqualTo(roomy.name());
    assertThat(laboratory().events(namespace, "FailedScheduling")).isNotEmpty();
  }

  @Test
  void aLostNodeMakesItsMachinesUnknownAndNothingElse() {
    FakeNode node = startNode("a");
    applyMachine("web", "");
    laboratory().awaitReady(namespace, "web");
    String before = instance("web").getMetadata().getUid();

    node.loseContact();
    VirtualMachineStatus lost = laboratory().awaitReason(namespace, "web", "NodeLost");
    assertThat(lost.printableStatus()).isEqualTo(PrintableStatus.UNKNOWN);
    assertThat(Laboratory.ready(lost).status()).isEqualTo(Condition.UNKNOWN);
    assertThat(Condition.isTrue(lost.conditions(), "AgentConnected")).isFalse();
    assertThat(instance("web").getMetadata().getDeletionTimestamp()).isNull();

    node.regainContact();
    laboratory().awaitReady(namespace, "web");
    assertThat(instance("web").getMetadata().getUid()).isEqualTo(before);
    assertThat(laboratory().events(namespace, "NodeLost")).hasSize(1);
  }

  @Test
  void whatQemuSaysReachesTheMachine() {
    FakeNode node = startNode("a");
    node.failMachine("web", "qemu-system-x86_64: cannot set up guest memory");
    applyMachine("web", "");

    VirtualMachineStatus status = laboratory().awaitReason(namespace, "web", "QemuFailed");

    assertThat(status.printableStatus()).isEqualTo(PrintableStatus.CRASH_LOOP_BACK_OFF);
    assertThat(Laboratory.ready(status).message()).contains("cannot set up guest memory");
  }

  @Test
  void aDiskInUseIsHeldBackAndLetGoAfterwards() {
    startNode("a");
    applyDisk("data");
    applyMachine("web", "disks: [{name: root, diskRef: data}]");
    laboratory().awaitReady(namespace, "web");

    laboratory().users().resource(laboratory().disk(namespace, "data")).delete();
    laboratory()
        .await()
        .untilAsserted(
            () -> {
              VirtualDiskStatus status = diskStatus("data");
              assertThat(status.printableStatus())
                  .isEqualTo(VirtualDiskStatus.PrintableStatus.TERMINATING);
              Condition inUse = Condition.find(status.conditions(), "InUse");
              assertThat(Objects.requireNonNull(inUse, "no condition InUse").message())
                  .contains("VirtualMachine web");
            });
    assertThat(
            Condition.isTrue(
                laboratory().machine(namespace, "web").getStatus().conditions(), Condition.READY))
        .isTrue();

    laboratory().users().resource(laboratory().machine(namespace, "web")).delete();
    laboratory()
        .await()
        .until(
            () ->
                laboratory()
                    .users()
                    .resources(VirtualDisk.class)
                    .inNamespace(namespace)
                    .list()
                    .getItems()
                    .isEmpty());
  }

  @Test
  void twoDisksOfAMachineGoToTheSameNode() {
    startNode("a");
    startNode("b");
    applyMachine("web", "disks: [{name: root, diskRef: one}, {name: data, diskRef: two}]");
    laboratory().awaitReason(namespace, "web", "DiskNotFound");
    applyDisk("one");
    applyDisk("two");

    assertThat(laboratory().awaitReady(namespace, "web").nodeName())
        .isEqualTo(diskStatus("one").nodeName())
        .isEqualTo(diskStatus("two").nodeName());
  }

  @Test
  void manyMachinesAtOnceGetDifferentAddressesAndUsers() {
    startNode("a", 64 * GIBIBYTE);
    applyNetwork("net", "10.81.0.0/24");
    int machines = 20;
    for (int i = 0; i < machines; i++) {
      applyMachine("m" + i, "interfaces: [{name: lan, networkRef: net}]");
    }
    for (int i = 0; i < machines; i++) {
      laboratory().awaitReady(namespace, "m" + i);
    }

    List<VirtualMachineInstanceSpec> specs =
        laboratory()
            .users()
            .resources(VirtualMachineInstance.class)
            .inNamespace(namespace)
            .list()
            .getItems()
            .stream()
            .map(VirtualMachineInstance::getSpec)
            .toList();
    assertThat(specs).hasSize(machines);
    assertThat(specs.stream().map(VirtualMachineInstanceSpec::uid)).doesNotHaveDuplicates();
    assertThat(specs.stream().map(spec -> spec.interfacesOrEmpty().getFirst().ipAddress()))
        .doesNotHaveDuplicates();
  }

  private void awaitNoMachine(String name) {
    laboratory()
        .await()
        .until(
            () ->
                laboratory()
                        .users()
                        .resources(VirtualMachine.class)
                        .inNamespace(namespace)
                        .withName(name)
                        .get()
                    == null);
  }

  private String networkReason(String name) {
    VirtualNetworkStatus status =
        laboratory()
            .users()
            .resources(VirtualNetwork.class)
            .inNamespace(namespace)
            .withName(name)
            .require()
            .getStatus();
    Condition ready = Condition.find(status.conditions(), Condition.READY);
    return Objects.requireNonNull(ready, "no condition Ready").reason();
  }

  private long secondsOld(String network) {
    String created =
        laboratory()
            .users()
            .resources(VirtualNetwork.class)
            .inNamespace(namespace)
            .withName(network)
            .require()
            .getMetadata()
            .getCreationTimestamp();
    return Duration.between(Instant.parse(created), Instant.now()).toSeconds();
  }
}
