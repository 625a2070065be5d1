package dev.holdfast.node.host.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperLauncher;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.keeper.KeeperLink;
import dev.holdfast.node.plan.HostState.Guest;
import dev.holdfast.node.plan.HostState.Machine;
import dev.holdfast.node.plan.HostState.QemuProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With a real keeper, as on a node. */
class KeeperMachinesTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  @TempDir Path directory;
  private final Set<String> changed = ConcurrentHashMap.newKeySet();
  private @Nullable KeeperLink link;
  private QemuMachineHost host;

  @BeforeEach
  void start() throws Exception {
    assumeTrue(
        Files.isExecutable(QemuHostOptions.defaults().binary()), "qemu-system-x86_64 is missing");
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root to change users");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    host = open();
  }

  private Path socket() {
    return directory.resolve("keeper.sock");
  }

  private QemuMachineHost open() throws HostException {
    var launcher =
        new KeeperLauncher(
            Path.of(System.getProperty("java.home")),
            System.getProperty("java.class.path"),
            directory.resolve("keeper.log"));
    KeeperLink keeper =
        KeeperLink.connect(
            listener -> {
              boolean ignored = launcher.ensureRunning(socket());
              return KeeperClient.connect(socket(), listener);
            });
    var opened =
        QemuMachineHost.open(
            QemuHostOptions.defaults().withRuntimeDirectory(directory.resolve("m")),
            keeper,
            InstantSource.system());
    link = keeper;
    opened.onChange(changed::add);
    return opened;
  }

  @AfterEach
  void stop() throws Exception {
    if (host == null) {
      return;
    }
    for (String uuid : host.machines().keySet()) {
      host.kill(uuid);
    }
    host.close();
    Objects.requireNonNull(link).close();
    keeper().destroy();
  }

  /** The keeper, told from other programs of this machine by its socket. */
  private ProcessHandle keeper() {
    return ProcessHandle.allProcesses()
        .filter(process -> commandLine(process.pid()).contains("\0" + socket() + "\0"))
        .findFirst()
        .orElseThrow();
  }

  /** ProcessHandle leaves out the arguments of a command line as long as a class path. */
  private static String commandLine(long processId) {
    try {
      return Files.readString(Path.of("/proc/" + processId + "/cmdline"));
    } catch (IOException ended) {
      return "";
    }
  }

  private Machine machine(int number) throws HostException {
    return Objects.requireNonNull(host.machine(Machines.uuid(number)));
  }

  private QemuProcess.Running running(int number) throws HostException {
    return (QemuProcess.Running) machine(number).process();
  }

  @Test
  void livesThroughTheWholeLifeOfAMachine() throws Exception {
    host.launch(Machines.small(1));
    assertThat(machine(1).guest()).isEqualTo(Guest.PRELAUNCH);

    host.resume(Machines.uuid(1));
    host.pause(Machines.uuid(1));
    assertThat(machine(1).guest()).isEqualTo(Guest.PAUSED);

    host.kill(Machines.uuid(1));
    assertThat(machine(1).process())
        .isInstanceOfSatisfying(
            QemuProcess.Exited.class,
            exited -> assertThat(exited.description()).isEqualTo("exit status 0"));
    host.clean(Machines.uuid(1));
    assertThat(host.machines()).isEmpty();
    host.refresh();
    assertThat(host.machines()).isEmpty();
  }

  @Test
  void saysWhatQemuSaid() {
    assertThatThrownBy(() -> host.launch(Machines.ofType(1, "pc-q35-99.9")))
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("QemuFailed"))
        .hasMessageContaining("unsupported machine type");
  }

  @Test
  void saysHowAMachineDied() throws Exception {
    host.launch(Machines.small(1));

    assertThat(ProcessHandle.of(running(1).processId()).orElseThrow().destroyForcibly()).isTrue();

    await()
        .atMost(LONG)
        .untilAsserted(
            () ->
                assertThat(machine(1).process())
                    .isInstanceOfSatisfying(
                        QemuProcess.Exited.class,
                        exited ->
                            assertThat(exited.description()).isEqualTo("killed by signal 9")));
  }

  @Test
  void findsItsMachinesAgainAfterItsOwnEnd() throws Exception {
    host.launch(Machines.small(1));
    host.resume(Machines.uuid(1));
    QemuProcess before = machine(1).process();
    host.close();
    Objects.requireNonNull(link).close();

    host = open();

    assertThat(machine(1).process()).isEqualTo(before);
    assertThat(machine(1).guest()).isEqualTo(Guest.RUNNING);
  }

  @Test
  void findsItsMachinesAgainAfterTheKeepersEnd() throws Exception {
    host.launch(Machines.small(1));
    host.resume(Machines.uuid(1));
    QemuProcess before = machine(1).process();
    ProcessHandle first = keeper();

    assertThat(first.destroyForcibly()).isTrue();
    first.onExit().join();

    await()
        .atMost(LONG)
        .ignoreExceptionsInstanceOf(HostException.class)
        .untilAsserted(
            () -> {
              assertThat(keeper().pid()).isNotEqualTo(first.pid());
              assertThat(machine(1).process()).isEqualTo(before);
              assertThat(machine(1).guest()).isEqualTo(Guest.RUNNING);
            });
    host.pause(Machines.uuid(1));
    host.kill(Machines.uuid(1));
    assertThat(machine(1).process()).isInstanceOf(QemuProcess.Exited.class);
  }
}
