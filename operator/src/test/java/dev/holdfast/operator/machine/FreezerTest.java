package dev.holdfast.operator.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.holdfast.crds.machine.CacheMode;
import dev.holdfast.crds.machine.InterfaceModel;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FreezerTest {
  @Test
  void fillsInEverythingThatTheUserLeftOut() {
    VirtualMachineInstanceSpec spec =
        freeze("disks: [{name: root, diskRef: data}], interfaces: [{name: lan, networkRef: net}]");

    assertThat(spec.memoryBytes()).isEqualTo(512L << 20);
    assertThat(spec.vmGeneration()).isEqualTo(3);
    VirtualMachineInstanceSpec.Disk disk = spec.disksOrEmpty().getFirst();
    assertThat(disk.cache()).isEqualTo(CacheMode.NONE);
    assertThat(disk.readOnly()).isFalse();
    assertThat(disk.bootIndex()).isEqualTo(1);
    VirtualMachineInstanceSpec.Interface lan = spec.interfacesOrEmpty().getFirst();
    assertThat(lan.model()).isEqualTo(InterfaceModel.VIRTIO);
    assertThat(lan.macAddress()).startsWith("52:54:");
    assertThat(lan.ipAddress()).isEqualTo("10.77.0.5");
  }

  @ParameterizedTest
  @CsvSource({
    "EXCLUSIVE, false, EXCLUSIVE, false",
    "SHARED_READ_ONLY, true, SHARED, false",
    "SHARED_READ_WRITE, false, SHARED, true",
  })
  void theAccessModeOfADiskDecidesHowItIsHeld(
      AccessMode access, boolean readOnly, LeaseMode mode, boolean shareWrites) {
    VirtualMachine machine = Machines.machine("disks: [{name: root, diskRef: data}]");
    Integer group = access.isShared() ? Integer.valueOf(200_001) : null;
    VirtualDiskInstanceSpec.Lease lease =
        new VirtualDiskInstanceSpec.Lease(
            LeaseBackend.SANLOCK, "ls", "hf-1", "/pool/leases/ls", 3L);
    VirtualMachineInstanceSpec.Disk disk =
        Machines.frozen(machine, access, group, lease).disksOrEmpty().getFirst();

    assertThat(disk.readOnly()).isEqualTo(readOnly);
    assertThat(disk.group()).isEqualTo(group);
    assertThat(disk.shareWrites()).isEqualTo(shareWrites);
    assertThat(disk.lease())
        .isEqualTo(
            new VirtualMachineInstanceSpec.Lease(
                LeaseBackend.SANLOCK, mode, "ls", "hf-1", "/pool/leases/ls", 3L));
  }

  @Test
  void anotherDiskDoesNotMoveWhatIsThere() {
    String interfaces = "interfaces: [{name: lan, networkRef: net}]";
    VirtualMachineInstanceSpec one = freeze("disks: [{name: a, diskRef: a}], " + interfaces);
    VirtualMachineInstanceSpec two =
        freeze("disks: [{name: a, diskRef: a}, {name: b, diskRef: b}], " + interfaces);

    assertThat(two.disksOrEmpty().getFirst()).isEqualTo(one.disksOrEmpty().getFirst());
    assertThat(two.interfaces()).isEqualTo(one.interfaces());
    assertThat(two.disksOrEmpty())
        .extracting(VirtualMachineInstanceSpec.Disk::name, VirtualMachineInstanceSpec.Disk::slot)
        .containsExactly(tuple("a", 2), tuple("b", 3));
    assertThat(two.interfacesOrEmpty().getFirst().slot()).isEqualTo(18);
  }

  @Test
  void disksWithoutBootOrderAreNotBootedFromWhereAnotherHasOne() {
    assertThat(
            freeze("disks: [{name: a, diskRef: a}, {name: b, diskRef: b, bootOrder: 4}]")
                .disksOrEmpty())
        .extracting(VirtualMachineInstanceSpec.Disk::bootIndex)
        .containsExactly(null, 4);
  }

  @Test
  void noDiskIsBootedFromWhereAKernelIs() {
    VirtualMachineInstanceSpec spec =
        freeze(
            "disks: [{name: a, diskRef: a}], firmware: {kernelBoot: {poolRef: p, kernel:"
                + " vmlinuz}}");

    assertThat(spec.disksOrEmpty().getFirst().bootIndex()).isNull();
    assertThat(spec.kernelBoot())
        .isEqualTo(new VirtualMachineInstanceSpec.KernelBoot("/pool/boot/vmlinuz", null, null));
  }

  @ParameterizedTest
  @CsvSource({"Always, ALWAYS", "RerunOnFailure, ON_FAILURE", "Once, NEVER"})
  void restartsAsTheStrategySays(String strategy, RestartPolicy policy) {
    assertThat(freeze("runStrategy: " + strategy).restartPolicy()).isEqualTo(policy);
  }

  @ParameterizedTest
  @CsvSource({"512Mi, 536870912", "1G, 1000000000", "0.5Gi, 536870912", "33554432, 33554432"})
  void readsMemoryInEveryUnit(String guest, long bytes) {
    assertThat(freeze("memory: {guest: '" + guest + "'}").memoryBytes()).isEqualTo(bytes);
  }

  private static VirtualMachineInstanceSpec freeze(String more) {
    return Machines.frozen(Machines.machine(more));
  }
}
