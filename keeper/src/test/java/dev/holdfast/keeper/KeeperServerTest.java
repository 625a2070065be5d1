package dev.holdfast.keeper;

import static dev.holdfast.keeper.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperException;
import dev.holdfast.keeper.protocol.ExitCause;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.Origin;
import dev.holdfast.keeper.protocol.ProcessSignal;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.keeper.server.KeeperOptions;
import dev.holdfast.keeper.server.KeeperServer;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The keeper in this JVM, with real processes. */
class KeeperServerTest {
  @TempDir private Path directory;
  private Machines machines;
  private KeeperServer server;
  private KeeperClient client;
  private final RecordingListener listener = new RecordingListener();
  private final UUID machine = UUID.randomUUID();

  @BeforeEach
  void start() throws IOException {
    Machines.assumeRoot();
    machines = new Machines(directory);
    server = KeeperServer.start(KeeperOptions.defaults(machines.socket()), Clock.systemUTC());
    client = machines.connect(listener);
  }

  @AfterEach
  void stop() throws IOException {
    if (server != null) {
      machines.close();
      client.close();
      server.close();
    }
  }

  private ProcessState launch(Request.Launch launch) throws IOException {
    ProcessState process = client.launch(launch);
    ProcessHandle.of(process.pid()).ifPresent(_ -> machines.track(process));
    return process;
  }

  @Test
  void runsTheProgramWithoutAnyPrivilege() throws IOException {
    ProcessState process = launch(machines.launch(machine, Tie.KEEPER_LIFE, "/bin/sleep", "600"));

    List<String> status = Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"));

    assertThat(status)
        .contains(
            "Uid:\t64123\t64123\t64123\t64123",
            "Gid:\t64124\t64124\t64124\t64124",
            "NoNewPrivs:\t1")
        .contains(
            "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000")
        .contains(
            "CapBnd:\t0000000000000000", "CapAmb:\t0000000000000000", "SigBlk:\t0000000000000000")
        .anyMatch(line -> line.strip().equals("Groups:"));
    assertThat(client.list()).containsExactly(process);
  }

  @Test
  void turnsAwayAClientThatIsNeitherRootNorTheKeepersOwnUser() throws Exception {
    // The socket's mode alone keeps others out; without it the peer's credentials still do.
    Files.setPosixFilePermissions(machines.socket(), PosixFilePermissions.fromString("rwxrwxrwx"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));

    assertThat(bytesAnsweredTo("--reuid=0")).isPositive();
    assertThat(bytesAnsweredTo("--reuid=64999")).isZero();
  }

  /** How much the keeper says to somebody who does not even speak its protocol. */
  private int bytesAnsweredTo(String user) throws Exception {
    // 7 is curl's word for a socket that it cannot connect to, and for one that is closed before it
    // has looked at it a second time.
    for (int attempt = 1; attempt <= 20; attempt++) {
      Process curl = curl(user);
      int bytes = curl.getInputStream().readAllBytes().length;
      if (curl.waitFor() != 7) {
        // 2 is its word for a wrong option.
        assertThat(curl.exitValue()).isNotEqualTo(2);
        return bytes;
      }
    }
    throw new AssertionError("curl could not connect as " + user);
  }

  private Process curl(String user) throws IOException {
    return new ProcessBuilder(
            "setpriv",
            user,
            "--clear-groups",
            "curl",
            "--silent",
            "--http0.9",
            "--max-time",
            "1",
            "--unix-socket",
            machines.socket().toString(),
            "http://keeper/")
        .start();
  }

  @Test
  void givesTheProgramOnlyTheGroupsAskedFor() throws IOException {
    var plain = machines.launch(machine, Tie.KEEPER_LIFE, "/bin/sleep", "600");
    ProcessState process =
        launch(
            new Request.Launch(
                machine,
                plain.argv(),
                plain.uid(),
                plain.gid(),
                List.of(77, 78),
                plain.tie(),
                plain.logFile()));

    assertThat(Files.readString(Path.of("/proc/" + process.pid() + "/status")))
        .contains("Groups:\t77 78");
  }

  @Test
  void handsDownNoDescriptorAndNoEnvironment() throws IOException {
    ProcessState process = launch(machines.launch(machine, Tie.KEEPER_LIFE, "/bin/sleep", "600"));

    try (var descriptors = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
      assertThat(descriptors.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder("0", "1", "2");
    }
    assertThat(Files.readString(Path.of("/proc/" + process.pid() + "/environ")).split("\0"))
        .hasSize(2);
  }

  @Test
  void tellsExitCodeAndOutput() throws IOException {
    launch(machines.shell(machine, "echo to stdout; echo to stderr >&2; exit 3"));

    var exit = listener.awaitExit(machine);

    assertThat(exit.cause()).isEqualTo(new ExitCause.Code(3));
    assertThat(exit.outputTail()).isEqualTo("to stdout\nto stderr\n");
    assertThat(machines.logFile(machine)).hasContent("to stdout\nto stderr");
    assertThat(client.list()).singleElement().matches(process -> !process.isRunning());
  }

  @Test
  void tellsTheSignalThatEndedAProcess() throws IOException {
    launch(machines.launch(machine, Tie.INDEPENDENT, "/bin/sleep", "600"));
    client.signal(machine, ProcessSignal.STOP);
    client.signal(machine, ProcessSignal.CONT);
    client.signal(machine, ProcessSignal.TERM);

    assertThat(listener.awaitExit(machine).cause()).isEqualTo(new ExitCause.Killed(15));
    assertRefused(FailureCode.NO_SUCH_PROCESS, () -> client.signal(machine, ProcessSignal.KILL));
  }

  @Test
  void refusesASecondLiveProcessOfAMachineAndAllowsANextOne() throws IOException {
    launch(machines.launch(machine, Tie.KEEPER_LIFE, "/bin/sleep", "600"));

    assertRefused(
        FailureCode.ALREADY_RUNNING, () -> client.launch(machines.shell(machine, "true")));
    assertRefused(FailureCode.STILL_RUNNING, () -> client.forget(machine));

    client.signal(machine, ProcessSignal.KILL);
    listener.awaitExit(machine);
    launch(machines.launch(machine, Tie.KEEPER_LIFE, "/bin/sleep", "600"));
    assertThat(client.list()).singleElement().matches(ProcessState::isRunning);
  }

  @Test
  void forgetsAnEndedProcessOnlyWhenTold() throws IOException {
    launch(machines.shell(machine, "exit 0"));
    listener.awaitExit(machine);

    client.forget(machine);

    assertThat(client.list()).isEmpty();
    assertRefused(FailureCode.NO_SUCH_PROCESS, () -> client.forget(machine));
  }

  @Test
  void saysWhyAProgramWasNotExecuted() throws IOException {
    assertThatThrownBy(
            () -> client.launch(machines.launch(machine, Tie.KEEPER_LIFE, "/nonexistent")))
        .isInstanceOf(KeeperException.class)
        .hasMessageContaining("failed to execute /nonexistent: No such file or directory");
    assertThat(client.list()).isEmpty();
    assertThat(listener.exitCount()).isZero();
  }

  @Test
  void refusesALogFileThatIsALinkOrHasNoDirectory() throws IOException {
    Files.createSymbolicLink(machines.logFile(machine), directory.resolve("victim"));

    assertRefused(
        FailureCode.LAUNCH_FAILED, () -> client.launch(machines.shell(machine, "echo harm")));

    assertThat(directory.resolve("victim")).doesNotExist();
  }

  @Test
  void refusesToRunAGuestAsRoot() {
    assertThatThrownBy(
            () ->
                new Request.Launch(
                    machine,
                    List.of("/bin/true"),
                    0,
                    1,
                    List.of(),
                    Tie.INDEPENDENT,
                    directory.resolve("log")))
        .hasMessageContaining("never runs as root");
  }

  @Test
  void boundsTheLogOfATalkativeProcess() throws IOException {
    launch(
        machines.shell(
            machine,
            "i=0; while [ $i -lt 20000 ]; do echo line $i of much output; i=$((i+1)); done"));

    var exit = listener.awaitExit(machine);

    assertThat(exit.outputTail()).hasSize(4096).endsWith("line 19999 of much output\n");
    Path older = directory.resolve(machine + ".log.1");
    assertThat(Files.size(machines.logFile(machine))).isPositive().isLessThanOrEqualTo(64 * 1024);
    assertThat(Files.size(older)).isPositive().isLessThanOrEqualTo(64 * 1024);
    assertThat(Files.readString(machines.logFile(machine))).endsWith("line 19999 of much output\n");
  }

  @Test
  void launchesFiftyAtOnceAndLeaksNoDescriptor() throws Exception {
    fifty();
    long before = openDescriptors();
    fifty();
    assertThat(openDescriptors()).isLessThanOrEqualTo(before);
  }

  private void fifty() throws Exception {
    List<UUID> ids = new ArrayList<>();
    List<Future<ProcessState>> launches = new ArrayList<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int index = 0; index < 50; index++) {
        UUID id = UUID.randomUUID();
        ids.add(id);
        launches.add(
            threads.submit(
                () -> launch(machines.launch(id, Tie.KEEPER_LIFE, "/bin/sleep", "600"))));
      }
      for (Future<ProcessState> launched : launches) {
        assertThat(launched.get().isRunning()).isTrue();
      }
    }
    for (UUID id : ids) {
      client.signal(id, ProcessSignal.KILL);
    }
    for (UUID id : ids) {
      assertThat(listener.awaitExit(id).cause()).isEqualTo(new ExitCause.Killed(9));
    }
  }

  private static long openDescriptors() throws IOException {
    try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors.count();
    }
  }

  @Test
  void adoptsAQemuOnlyWithProof() throws IOException {
    assumeTrue(Files.isExecutable(Machines.QEMU), "no " + Machines.QEMU);
    ProcessState process = launch(machines.qemu(machine, Tie.INDEPENDENT));
    machines.awaitReady(machine, process);
    Path otherSocket = directory.resolve("other.sock");
    var heard = new RecordingListener();

    try (var other = KeeperServer.start(KeeperOptions.defaults(otherSocket), Clock.systemUTC());
        var otherClient = KeeperClient.connect(otherSocket, heard)) {
      assertThat(other.processes()).isEmpty();
      UUID wrong = UUID.randomUUID();
      Path unlocked = Files.writeString(directory.resolve("unlocked"), process.pid() + "\n");
      Path pidFile = machines.pidFile(machine);
      assertRefused(
          FailureCode.ADOPTION_REFUSED,
          () -> otherClient.adopt(new Request.Adopt(wrong, process.pid(), pidFile, null)));
      assertRefused(
          FailureCode.ADOPTION_REFUSED,
          () -> otherClient.adopt(new Request.Adopt(machine, process.pid(), unlocked, null)));
      assertRefused(
          FailureCode.ADOPTION_REFUSED,
          () ->
              otherClient.adopt(
                  new Request.Adopt(machine, (int) ProcessHandle.current().pid(), pidFile, null)));

      var adopt =
          new Request.Adopt(machine, process.pid(), pidFile, directory.resolve("adopted.log"));
      ProcessState adopted = otherClient.adopt(adopt);
      assertThat(adopted.origin()).isEqualTo(Origin.ADOPTED);
      assertThat(otherClient.adopt(adopt)).isEqualTo(adopted);

      otherClient.signal(machine, ProcessSignal.TERM);
      assertThat(heard.awaitExit(machine).cause()).isEqualTo(new ExitCause.Unknown());
      assertThat(listener.awaitExit(machine).cause()).isEqualTo(new ExitCause.Code(0));
    }
  }

  @Test
  void ownsItsSocketAlone() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(machines.socket())))
        .isEqualTo("rw-------");
    assertThatThrownBy(
            () -> KeeperServer.start(KeeperOptions.defaults(machines.socket()), Clock.systemUTC()))
        .hasMessageContaining("another keeper");
    assertThat(client.list()).isEmpty();
  }

  @Test
  void answersMalformedLinesAndStaysWithTheClient() throws IOException {
    try (SocketChannel raw = SocketChannel.open(UnixDomainSocketAddress.of(machines.socket()))) {
      assertThat(exchange(raw, "{\"id\":1,\"request\":{\"type\":\"list\"}}"))
          .contains("\"replyTo\":1", "helloRequired");
      assertThat(exchange(raw, "not json")).contains("\"replyTo\":-1", "malformed");
      assertThat(exchange(raw, "[]")).contains("malformed");
      assertThat(exchange(raw, "")).contains("malformed");
      assertThat(
              exchange(
                  raw,
                  "{\"id\":2,\"request\":{\"type\":\"hello\",\"version\":0,\"client\":\"t\"}}"))
          .contains("unsupportedVersion");
      assertThat(
              exchange(
                  raw,
                  "{\"id\":3,\"request\":{\"type\":\"hello\",\"version\":9,\"client\":\"t\",\"new\":1}}"))
          .contains("\"replyTo\":3", "welcome", "\"version\":1");
      assertThat(exchange(raw, "{\"id\":4,\"request\":{\"type\":\"acquire\"}}"))
          .contains("\"replyTo\":4", "unknownRequest");
      assertThat(exchange(raw, "{\"id\":5,\"request\":{\"type\":\"signal\"}}"))
          .contains("\"replyTo\":5", "malformed");
      assertThat(exchange(raw, "{\"id\":6,\"request\":{\"type\":\"list\"}}"))
          .contains("\"replyTo\":6", "processes");
    }
  }

  @Test
  void cutsOffAClientThatSendsALineWithoutEnd() throws IOException {
    try (SocketChannel raw = SocketChannel.open(UnixDomainSocketAddress.of(machines.socket()))) {
      ByteBuffer much = ByteBuffer.allocate(1024 * 1024);
      assertThatThrownBy(
              () -> {
                while (raw.isOpen()) {
                  much.clear();
                  raw.write(much);
                }
              })
          .isInstanceOf(IOException.class);
    }
    assertThat(client.list()).isEmpty();
  }

  @Test
  void cutsOffAClientThatDoesNotRead() throws IOException {
    try (SocketChannel deaf = SocketChannel.open(UnixDomainSocketAddress.of(machines.socket()))) {
      byte[] line = "nonsense\n".repeat(1000).getBytes(StandardCharsets.UTF_8);
      assertThatThrownBy(
              () -> {
                while (deaf.isOpen()) {
                  deaf.write(ByteBuffer.wrap(line));
                }
              })
          .isInstanceOf(IOException.class);
    }
    assertThat(client.list()).isEmpty();
  }

  @Test
  void aClosedConnectionEndsNoProcessAndIsTold() throws IOException {
    launch(machines.launch(machine, Tie.KEEPER_LIFE, "/bin/sleep", "600"));
    client.close();

    Awaitility.await().until(listener::isDisconnected);
    assertThatThrownBy(client::list).isInstanceOf(IOException.class);
    client = machines.connect(new RecordingListener());
    assertThat(client.list()).singleElement().matches(ProcessState::isRunning);
  }

  private static String exchange(SocketChannel channel, String line) throws IOException {
    channel.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
    ByteBuffer answer = ByteBuffer.allocate(4096);
    do {
      assertThat(channel.read(answer)).isPositive();
    } while (answer.get(answer.position() - 1) != '\n');
    return new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8);
  }
}
