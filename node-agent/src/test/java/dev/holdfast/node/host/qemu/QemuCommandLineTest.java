package dev.holdfast.node.host.qemu;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.CacheMode;
import dev.holdfast.crds.machine.InterfaceModel;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Cpu;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Disk;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Interface;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.KernelBoot;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Network;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.RestartPolicy;
import dev.holdfast.crds.network.ForwardMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.Desired;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QemuCommandLineTest {
  private static final Path RUNTIME = Path.of("/run/holdfast/machines");

  private final QemuCommandLine commandLine =
      new QemuCommandLine(Path.of("/usr/bin/qemu-system-x86_64"));

  private List<String> arguments(Desired.Machine machine) throws HostException {
    return commandLine.arguments(machine, new MachineFiles(RUNTIME, machine.spec().uuid()));
  }

  private static Desired.Machine complete() {
    var network = new Network("default", ForwardMode.NAT, "hfb0", "10.0.0.0/24", "10.0.0.1");
    return Machines.machine(
        "shop/web",
        new VirtualMachineInstanceSpec(
            "node-1",
            Machines.uuid(1),
            3,
            RestartPolicy.ALWAYS,
            false,
            30,
            "pc-q35-7.2",
            Accelerator.KVM,
            new Cpu("host", 1, 2, 2),
            2L << 30,
            Machines.UID,
            new KernelBoot("/pool/boot/vmlinuz", "/pool/boot/initrd", "console=ttyS0 quiet"),
            List.of(
                new Disk(
                    "root",
                    "root",
                    "/pool/disks/root.qcow2",
                    DiskFormat.QCOW2,
                    false,
                    CacheMode.NONE,
                    1,
                    1,
                    null,
                    null),
                new Disk(
                    "media",
                    "media",
                    "/pool/disks/media.raw",
                    DiskFormat.RAW,
                    true,
                    CacheMode.WRITETHROUGH,
                    null,
                    10,
                    null,
                    null)),
            List.of(
                new Interface(
                    "lan",
                    InterfaceModel.VIRTIO,
                    "52:54:00:12:34:56",
                    "10.0.0.2",
                    "hft0",
                    2,
                    network),
                new Interface(
                    "old", InterfaceModel.E1000E, "52:54:00:12:34:57", null, "hft1", 3, network))));
  }

  /** One argument a line, an option's value in the line of its option. */
  private static String lines(List<String> arguments) {
    var lines = new StringBuilder(arguments.getFirst());
    for (String argument : arguments.subList(1, arguments.size())) {
      lines.append(argument.startsWith("-") ? "\n" : " ").append(argument);
    }
    return lines.append("\n").toString();
  }

  private static String golden(String name) throws IOException {
    try (InputStream file = QemuCommandLineTest.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(file, name).readAllBytes(), UTF_8);
    }
  }

  @Test
  void pinsTheHardwareOfACompleteMachine() throws Exception {
    assertThat(lines(arguments(complete()))).isEqualTo(golden("complete.args"));
  }

  @Test
  void pinsTheHardwareOfAnEmptyMachine() throws Exception {
    assertThat(lines(arguments(Machines.small(1)))).isEqualTo(golden("small.args"));
  }

  @Test
  void letsOthersWriteToASharedImageOnly() throws Exception {
    Disk own =
        new Disk("d", "d", "/d.raw", DiskFormat.RAW, false, CacheMode.NONE, null, 1, null, null);
    Disk shared =
        new Disk("d", "d", "/d.raw", DiskFormat.RAW, false, CacheMode.NONE, null, 1, 81_000, null);
    Disk read =
        new Disk("d", "d", "/d.raw", DiskFormat.RAW, true, CacheMode.NONE, null, 1, 81_000, null);
    assertThat(String.join(" ", QemuDevices.disk(own))).doesNotContain("share-rw");
    assertThat(String.join(" ", QemuDevices.disk(shared))).contains("\"share-rw\":true");
    assertThat(String.join(" ", QemuDevices.disk(read)))
        .doesNotContain("share-rw")
        .contains("\"read-only\":true");
  }

  @Test
  void sameMachineSameArguments() throws Exception {
    assertThat(arguments(complete())).isEqualTo(arguments(complete()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a,process=evil",
        "a,,b",
        "-daemonize",
        "a\nb\n-monitor stdio",
        "\"},{\"driver\":\"usb-host\"",
        "a\\\"b",
        "a=b,c=d",
        " ",
        "näme"
      })
  void noTextOfAUserBecomesAnOption(String text) throws Exception {
    var hostile =
        Machines.machine(
            text,
            Machines.spec(
                Machines.uuid(1),
                "pc-q35-7.2",
                "qemu64",
                new KernelBoot(text, text, text),
                List.of(Machines.disk(text, text, 1)),
                List.of(Machines.card(text, 2))));
    var tame =
        Machines.machine(
            "x",
            Machines.spec(
                Machines.uuid(1),
                "pc-q35-7.2",
                "qemu64",
                new KernelBoot("x", "x", "x"),
                List.of(Machines.disk("x", "x", 1)),
                List.of(Machines.card("x", 2))));

    List<String> expected = new ArrayList<>();
    for (String argument : arguments(tame)) {
      expected.add(
          argument
              .replaceFirst("^x$", "\0")
              .replaceFirst(
                  "guest=x,",
                  "guest="
                      + java.util.regex.Matcher.quoteReplacement(text.replace(",", ",,"))
                      + ",")
              .replaceFirst(
                  "\"(filename|serial|ifname)\":\"x\"",
                  "\"$1\":"
                      + java.util.regex.Matcher.quoteReplacement(
                          JsonMapper.builder().build().writeValueAsString(text)))
              .replace("\0", text));
    }
    assertThat(arguments(hostile)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "q35,accel=kvm", "-x", "a b", "a\nb", "a,,b"})
  void refusesAMachineTypeThatIsNoName(String type) {
    assertThatThrownBy(() -> arguments(Machines.ofType(1, type)))
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("InvalidMachine"))
        .hasMessageContaining("machine type");
  }

  @Test
  void refusesACpuModelWithFeatures() {
    var machine =
        Machines.machine(
            "x",
            Machines.spec(Machines.uuid(1), "pc-q35-7.2", "host,+vmx", null, List.of(), List.of()));

    assertThatThrownBy(() -> arguments(machine)).hasMessageContaining("CPU model \"host,+vmx\"");
  }

  @Test
  void refusesASlotThatIsTakenTwice() {
    var machine =
        Machines.machine(
            "x",
            Machines.spec(
                Machines.uuid(1),
                "pc-q35-7.2",
                "qemu64",
                null,
                List.of(Machines.disk("a", "/a", 4)),
                List.of(Machines.card("hft0", 4))));

    assertThatThrownBy(() -> arguments(machine)).hasMessageContaining("slot 4 is taken twice");
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 32})
  void refusesASlotThatDoesNotExist(int slot) {
    var machine =
        Machines.machine(
            "x",
            Machines.spec(
                Machines.uuid(1),
                "pc-q35-7.2",
                "qemu64",
                null,
                List.of(Machines.disk("a", "/a", slot)),
                List.of()));

    assertThatThrownBy(() -> arguments(machine)).hasMessageContaining("slot " + slot);
  }

  @Test
  void refusesAUuidThatWouldBeAPath() {
    assertThatThrownBy(() -> new MachineFiles(RUNTIME, "../../etc"))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new MachineFiles(RUNTIME, "1-1-1-1-1"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
