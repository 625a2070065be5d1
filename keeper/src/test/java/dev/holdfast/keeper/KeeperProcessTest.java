package dev.holdfast.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.protocol.ExitCause;
import dev.holdfast.keeper.protocol.ProcessSignal;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.protocol.Tie;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The keeper as a process of its own, with real QEMUs. */
class KeeperProcessTest {
  @TempDir private Path directory;
  private Machines machines;
  private final RecordingListener listener = new RecordingListener();
  private final UUID tied = UUID.randomUUID();
  private final UUID independent = UUID.randomUUID();

  @BeforeEach
  void start() {
    Machines.assumeRoot();
    assumeTrue(Files.isExecutable(Machines.QEMU), "no " + Machines.QEMU);
    machines = new Machines(directory);
  }

  @AfterEach
  void stop() {
    if (machines != null) {
      machines.close();
    }
  }

  @Test
  void killNineOfTheKeeperEndsTheTiedMachineAndTheNextKeeperAdoptsTheOther() throws IOException {
    ProcessHandle keeper = machines.startKeeper();
    ProcessState survivor;
    ProcessHandle tiedProcess;
    try (KeeperClient client = machines.connect(listener)) {
      ProcessState tiedState = client.launch(machines.qemu(tied, Tie.KEEPER_LIFE));
      tiedProcess = machines.track(tiedState);
      survivor = client.launch(machines.qemu(independent, Tie.INDEPENDENT));
      machines.track(survivor);
      machines.awaitReady(tied, tiedState);
      machines.awaitReady(independent, survivor);
      keeper.destroyForcibly();
      Awaitility.await().until(listener::isDisconnected);
    }
    Awaitility.await().until(() -> !Machines.runs(tiedProcess));
    assertThat(Machines.runs(ProcessHandle.of(survivor.pid()).orElseThrow())).isTrue();
    // What QEMU writes to the dead keeper's pipe must not end it: 13 is SIGPIPE.
    assertThat(Machines.hasSignal(survivor.pid(), "SigIgn:", 13)).isTrue();

    machines.startKeeper();
    var heard = new RecordingListener();
    try (KeeperClient client = machines.connect(heard)) {
      client.adopt(
          new Request.Adopt(
              independent,
              survivor.pid(),
              machines.pidFile(independent),
              machines.logFile(independent)));
      client.signal(independent, ProcessSignal.TERM);
      assertThat(heard.awaitExit(independent).cause()).isEqualTo(new ExitCause.Unknown());
      assertThat(heard.awaitExit(independent).outputTail()).contains("terminating on signal 15");
    }
  }

  @Test
  void theKeeperSaysWhatLivesOnWhenItIsToldToEnd() throws IOException {
    ProcessHandle keeper = machines.startKeeper();
    ProcessHandle survivor;
    ProcessHandle tiedProcess;
    try (KeeperClient client = machines.connect(listener)) {
      tiedProcess = machines.track(client.launch(machines.qemu(tied, Tie.KEEPER_LIFE)));
      survivor = machines.track(client.launch(machines.qemu(independent, Tie.INDEPENDENT)));
      keeper.destroy();
      Awaitility.await().until(() -> !Machines.runs(keeper));
    }
    Awaitility.await().until(() -> !Machines.runs(tiedProcess));
    assertThat(Machines.runs(survivor)).isTrue();
    assertThat(directory.resolve("keeper.log"))
        .content()
        .contains("ending: 1 machines live on, 1 that are tied to the keeper's life end with it");
    assertThat(machines.socket()).doesNotExist();
  }

  @Test
  void aStartedKeeperHasASessionOfItsOwnAndIsFoundTheSecondTime() throws IOException {
    ProcessHandle keeper = machines.startKeeper();

    String stat = Files.readString(Path.of("/proc/" + keeper.pid() + "/stat"));
    // proc_pid_stat(5): after the name come state, parent, process group, session.
    String session = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[3];
    assertThat(session).isEqualTo(Long.toString(keeper.pid()));
    var launcher =
        new dev.holdfast.keeper.client.KeeperLauncher(
            Path.of(System.getProperty("java.home")),
            System.getProperty("java.class.path"),
            directory.resolve("keeper.log"));
    assertThat(launcher.ensureRunning(machines.socket())).isFalse();
  }
}
