package dev.holdfast.operator.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.machine.VirtualMachine;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PendingChangesTest {
  private static final String HARDWARE =
      "disks: [{name: a, diskRef: a}, {name: b, diskRef: b, cache: writeback}],"
          + " interfaces: [{name: lan, networkRef: net}]";
  private final PendingChanges changes = new PendingChanges(Machines.FREEZER);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        HARDWARE,
        "firmware: {kernelBoot: {poolRef: p, kernel: k, initrd: i, commandLine: quiet}}",
        "disks: [{name: a, diskRef: a, bootOrder: 2}, {name: b, diskRef: b, bootOrder: 1}]",
        "machine: pc-q35-7.2, accelerator: tcg, cpu: {sockets: 2, cores: 2, threads: 1, model: max}"
      })
  void aMachineDoesNotDifferFromWhatWasFrozenOfIt(String more) {
    assertThat(between(more, more)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "memory: {guest: 1Gi} | spec.memory.guest",
        "cpu: {sockets: 1, cores: 4, threads: 1} | spec.cpu.cores",
        "cpu: {sockets: 1, cores: 1, threads: 1, model: qemu64} | spec.cpu.model",
        "machine: pc-q35-7.1 | spec.machine",
        "accelerator: kvm | spec.accelerator",
        "firmware: {kernelBoot: {poolRef: p, kernel: k}} | spec.firmware.kernelBoot",
        "disks: [{name: a, diskRef: a}] | spec.disks[name=a]",
        "interfaces: [{name: lan, networkRef: net}] | spec.interfaces[name=lan]",
        "runStrategy: RerunOnFailure, paused: true, terminationGracePeriodSeconds: 1 |"
      })
  void namesWhatDiffersFromAPlainMachine(String more, String path) {
    assertThat(between("", more)).isEqualTo(path == null ? List.of() : List.of(path));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[{name: a, diskRef: other}, {name: b, diskRef: b, cache: writeback}] |"
            + " spec.disks[name=a].diskRef",
        "[{name: a, diskRef: a}, {name: b, diskRef: b}] | spec.disks[name=b].cache",
        "[{name: a, diskRef: a, readOnly: true}, {name: b, diskRef: b, cache: writeback}] |"
            + " spec.disks[name=a].readOnly",
        "[{name: b, diskRef: b, cache: writeback}] | spec.disks[name=a]"
      })
  void namesWhatDiffersInDisks(String disks, String path) {
    assertThat(
            between(HARDWARE, "disks: " + disks + ", interfaces: [{name: lan, networkRef: net}]"))
        .containsExactly(path);
  }

  private List<String> between(String before, String after) {
    VirtualMachine now = Machines.machine(after);
    return changes.between(
        now,
        Machines.frozen(Machines.machine(before)),
        null,
        null,
        Set.of(),
        Machines.kernelBoot(now));
  }
}
