package dev.holdfast.node.host.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.KernelBoot;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.qemu.qmp.QmpClient;
import dev.holdfast.node.plan.Desired;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.Machine;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QemuMachineHostTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path directory;
  private final ChildProcesses processes = new ChildProcesses();
  private final Set<String> changed = ConcurrentHashMap.newKeySet();
  private QemuMachineHost host;

  @BeforeEach
  void start() throws Exception {
    assumeTrue(
        Files.isExecutable(QemuHostOptions.defaults().binary()), "qemu-system-x86_64 is missing");
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root to change users");
    // The VM's user must reach its own directory in it.
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    host = open();
  }

  private QemuMachineHost open() throws HostException {
    var opened =
        new QemuMachineHost(
            QemuHostOptions.defaults().withRuntimeDirectory(directory),
            processes,
            InstantSource.fixed(NOW));
    opened.onChange(changed::add);
    opened.start();
    return opened;
  }

  @AfterEach
  void stop() {
    if (host != null) {
      host.close();
    }
    processes.end();
  }

  private Machine machine(int number) throws HostException {
    return Objects.requireNonNull(host.machine(Machines.uuid(number)));
  }

  private MachineFiles files(int number) {
    return new MachineFiles(directory, Machines.uuid(number));
  }

  @Test
  void launchesWithStoppedCpus() throws Exception {
    host.launch(Machines.small(1));

    assertThat(machine(1).guest()).isEqualTo(Guest.PRELAUNCH);
    assertThat(machine(1).process())
        .isInstanceOfSatisfying(
            QemuProcess.Running.class,
            running -> {
              assertThat(running.processId()).isEqualTo(processes.processId(Machines.uuid(1)));
              assertThat(running.qemuVersion()).matches("\\d+\\.\\d+\\.\\d+");
            });
    assertThat(changed).contains(Machines.uuid(1));
  }

  @Test
  void launchingWhatRunsDoesNothing() throws Exception {
    host.launch(Machines.small(1));
    QemuProcess before = machine(1).process();

    host.launch(Machines.small(1));

    assertThat(machine(1).process()).isEqualTo(before);
  }

  @Test
  void keepsTheRuntimeDirectoryPrivate() throws Exception {
    host.launch(Machines.small(1));

    assertThat(Files.getPosixFilePermissions(files(1).run()))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    assertThat(Files.getAttribute(files(1).run(), "unix:uid", LinkOption.NOFOLLOW_LINKS))
        .isEqualTo(Machines.UID);
    assertThat(Files.getAttribute(files(1).directory(), "unix:uid")).isEqualTo(0);
    assertThat(files(1).consoleSocket()).exists();
    assertThat(files(1).humanMonitorSocket()).exists();
    assertThat(files(1).claimedProcessId()).hasValue(processes.processId(Machines.uuid(1)));
  }

  @Test
  void resumesAndPauses() throws Exception {
    host.launch(Machines.small(1));

    host.resume(Machines.uuid(1));
    assertThat(machine(1).guest()).isEqualTo(Guest.RUNNING);

    host.pause(Machines.uuid(1));
    assertThat(machine(1).guest()).isEqualTo(Guest.PAUSED);
  }

  @Test
  void remembersThePowerButton() throws Exception {
    host.launch(Machines.small(1));
    host.resume(Machines.uuid(1));
    assertThat(machine(1).powerButtonAt()).isNull();

    host.pressPowerButton(Machines.uuid(1));

    assertThat(machine(1).powerButtonAt()).isEqualTo(NOW);
  }

  @Test
  void killsAndCleans() throws Exception {
    host.launch(Machines.small(1));

    host.kill(Machines.uuid(1));
    assertThat(machine(1).process()).isInstanceOf(QemuProcess.Exited.class);
    host.kill(Machines.uuid(1));

    host.clean(Machines.uuid(1));
    assertThat(host.machine(Machines.uuid(1))).isNull();
    assertThat(files(1).directory()).doesNotExist();
    host.clean(Machines.uuid(1));
  }

  @Test
  void killsAProcessThatDoesNotAnswer() throws Exception {
    host.launch(Machines.small(1));
    signal("STOP", 1);

    host.kill(Machines.uuid(1));

    assertThat(machine(1).process())
        .isInstanceOfSatisfying(
            QemuProcess.Exited.class,
            exited -> assertThat(exited.description()).isEqualTo("killed by signal 9"));
  }

  @Test
  void neverCleansWhatRuns() throws Exception {
    host.launch(Machines.small(1));

    assertThatThrownBy(() -> host.clean(Machines.uuid(1)))
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("StillRunning"));
    assertThat(files(1).directory()).exists();
  }

  @Test
  void noticesADeathByItself() throws Exception {
    host.launch(Machines.small(1));
    changed.clear();

    signal("KILL", 1);

    await()
        .atMost(LONG)
        .untilAsserted(
            () -> assertThat(machine(1).process()).isInstanceOf(QemuProcess.Exited.class));
    assertThat(machine(1).guest()).isEqualTo(Guest.UNKNOWN);
    assertThat(changed).contains(Machines.uuid(1));
  }

  @Test
  void noticesAChangeThatSomebodyElseMade() throws Exception {
    host.launch(Machines.small(1));
    host.resume(Machines.uuid(1));

    try (var monitor =
        java.nio.channels.SocketChannel.open(
            java.net.UnixDomainSocketAddress.of(files(1).humanMonitorSocket()))) {
      int ignored =
          monitor.write(
              java.nio.ByteBuffer.wrap(
                  "stop\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
      await()
          .atMost(LONG)
          .untilAsserted(() -> assertThat(machine(1).guest()).isEqualTo(Guest.PAUSED));
    }
  }

  @Test
  void saysWhatQemuSaid() throws Exception {
    assertThatThrownBy(() -> host.launch(Machines.ofType(1, "pc-q35-99.9")))
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("QemuFailed"))
        .hasMessageContaining("exit status 1")
        .hasMessageContaining("unsupported machine type")
        .hasMessageContaining("default/typed");
    assertThat(machine(1).process()).isInstanceOf(QemuProcess.Exited.class);
    host.clean(Machines.uuid(1));
    assertThat(host.machines()).isEmpty();
  }

  @Test
  void launchesAgainAfterAFailure() throws Exception {
    assertThatThrownBy(() -> host.launch(Machines.ofType(1, "pc-q35-99.9")))
        .isInstanceOf(HostException.class);

    host.launch(Machines.small(1));

    assertThat(machine(1).guest()).isEqualTo(Guest.PRELAUNCH);
  }

  @Test
  void namesTheDirectoryThatHidesTheKernel() throws Exception {
    Path hidden = Files.createDirectory(directory.resolve("hidden"));
    Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("rwx------"));
    Path kernel = Files.createFile(hidden.resolve("vmlinuz"));

    assertThatThrownBy(
            () -> host.launch(Machines.booting(1, new KernelBoot(kernel.toString(), null, null))))
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("FileNotReadable"))
        .hasMessageContaining("chmod o+x " + hidden.toRealPath());
  }

  @Test
  void saysThatAKernelIsMissing() {
    assertThatThrownBy(
            () -> host.launch(Machines.booting(1, new KernelBoot("/nowhere/vmlinuz", null, null))))
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("FileMissing"))
        .hasMessageContaining("/nowhere/vmlinuz");
  }

  @Test
  void findsItsMachinesAgain() throws Exception {
    host.launch(Machines.small(1));
    host.launch(Machines.small(2));
    host.resume(Machines.uuid(2));
    host.close();

    host = open();

    assertThat(machine(1).guest()).isEqualTo(Guest.PRELAUNCH);
    assertThat(machine(2).guest()).isEqualTo(Guest.RUNNING);
    host.pause(Machines.uuid(2));
    assertThat(machine(2).guest()).isEqualTo(Guest.PAUSED);
  }

  @Test
  void adoptsWhatAnEarlierKeeperHasLeft() throws Exception {
    host.launch(Machines.small(1));
    host.close();
    processes.hide(Machines.uuid(1));

    host = open();

    assertThat(machine(1).guest()).isEqualTo(Guest.PRELAUNCH);
  }

  @Test
  void showsADirectoryWithoutAProcess() throws Exception {
    Files.createDirectory(directory.resolve(Machines.uuid(1)));
    Files.createDirectory(directory.resolve("something-else"));

    host.refresh();

    assertThat(machine(1).process()).isEqualTo(new QemuProcess.None());
    assertThat(host.machines()).containsOnlyKeys(Machines.uuid(1));
  }

  @Test
  void aSilentMonitorMakesTheGuestUnknownAndNothingElse() throws Exception {
    host.launch(Machines.small(1));
    host.close();
    // Whoever holds the monitor keeps everybody else out.
    try (QmpClient holder = QmpClient.connect(files(1).qmpSocket(), LONG, new SilentListener())) {
      assertThat(holder.isOpen()).isTrue();
      host = open();
      assertThat(machine(1).process()).isInstanceOf(QemuProcess.Running.class);
      assertThat(machine(1).guest()).isEqualTo(Guest.UNKNOWN);
    }
    host.refresh();
    assertThat(machine(1).guest()).isEqualTo(Guest.PRELAUNCH);
  }

  @Test
  void saysNothingOfMachinesUntilTheKeeperIsBackAndWasAsked() throws Exception {
    host.launch(Machines.small(1));
    processes.disconnect();
    assertThatThrownBy(() -> host.machines())
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("KeeperUnreachable"));

    processes.hide(Machines.uuid(1));
    processes.reconnect();

    await()
        .atMost(LONG)
        .ignoreExceptionsInstanceOf(HostException.class)
        .untilAsserted(() -> assertThat(machine(1).guest()).isEqualTo(Guest.PRELAUNCH));
  }

  @Test
  void learnsOfAnEndThatNobodyWatched() throws Exception {
    host.launch(Machines.small(1));
    processes.disconnect();
    processes.loseSightOf(Machines.uuid(1));
    signal("KILL", 1);

    host.refresh();

    assertThat(machine(1).process()).isEqualTo(new QemuProcess.None());
  }

  @Test
  void launchesManyAtOnce() throws Exception {
    List<Desired.Machine> many = IntStream.range(0, 20).mapToObj(Machines::small).toList();
    List<Future<?>> launches = new ArrayList<>();
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Desired.Machine machine : many) {
        launches.add(
            executor.submit(
                () -> {
                  host.launch(machine);
                  return null;
                }));
      }
    }
    for (Future<?> launch : launches) {
      Object ignored = launch.get();
    }

    assertThat(host.machines()).hasSize(20);
    assertThat(host.machines().values())
        .allSatisfy(machine -> assertThat(machine.guest()).isEqualTo(Guest.PRELAUNCH));
  }

  private void signal(String name, int number) throws IOException, InterruptedException {
    String processId = Long.toString(processes.processId(Machines.uuid(number)));
    assertThat(new ProcessBuilder("kill", "-" + name, processId).start().waitFor()).isZero();
  }
}
