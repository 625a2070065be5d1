package dev.holdfast.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperException;
import dev.holdfast.keeper.protocol.ExitCause;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.Origin;
import dev.holdfast.keeper.protocol.ProcessSignal;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseMode;
import dev.holdfast.keeper.protocol.lease.LockspacePhase;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import dev.holdfast.keeper.protocol.lease.MachineLeases;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A keeper that replaces its program while machines run. */
class UpgradeTest {
  private static final String[] OPTIONS = {
    "--watchdog-fire-timeout=" + SharedStorage.FIRE_TIMEOUT.toSeconds(), "--watchdog=off"
  };

  private final UUID renewed = UUID.randomUUID();
  private final UUID locked = UUID.randomUUID();
  private final UUID talking = UUID.randomUUID();

  @TempDir private Path directory;
  private Machines machines;
  private ProcessHandle keeper;
  private SharedStorage storage;
  private Lease.Ofd lock;
  private KeeperClient client;
  private RecordingListener connection = new RecordingListener();

  @BeforeEach
  void start() throws IOException {
    Machines.assumeRoot();
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    storage = new SharedStorage(directory.resolve("leases"), "pool");
    lock = new Lease.Ofd(directory.resolve("disk.lock"), LeaseMode.EXCLUSIVE);
    machines = new Machines(Files.createDirectory(directory.resolve("one")));
    keeper = machines.startKeeper(OPTIONS);
    client = machines.connect(connection);
  }

  @AfterEach
  void stop() throws IOException {
    if (client != null) {
      client.close();
      machines.close();
    }
  }

  /** Upgrades and connects to the new program. */
  private RecordingListener upgrade(List<String> command) throws IOException {
    client.upgrade(command);
    // Until then the old program may still answer.
    Awaitility.await().until(connection::isDisconnected);
    client.close();
    var listener = new RecordingListener();
    client =
        Awaitility.await()
            .atMost(Duration.ofSeconds(20))
            .ignoreExceptions()
            .until(() -> machines.connect(listener), connected -> connected != null);
    connection = listener;
    return listener;
  }

  @Test
  void machinesAndLeasesLiveThroughTwoUpgrades() throws IOException {
    storage.join(client, 1);
    client.formatLease(storage.lease(1));
    client.acquireLeases(renewed, List.of(storage.lease(1)));
    client.acquireLeases(locked, List.of(lock));
    ProcessHandle qemu =
        machines.track(
            client.launch(machines.launch(renewed, Tie.KEEPER_LIFE, "/bin/sleep", "600")));
    ProcessHandle other =
        machines.track(
            client.launch(machines.launch(locked, Tie.INDEPENDENT, "/bin/sleep", "600")));
    List<ProcessState> before = client.list();
    List<MachineLeases> held = client.listLeases();
    LockspaceState live = storage.state(client);

    upgrade(List.of());
    client.launch(
        machines.shell(
            talking,
            "echo before; while [ ! -e "
                + directory
                + "/go ]; do sleep 0.1; done; echo after; exit 5"));
    RecordingListener listener = upgrade(List.of());

    assertThat(client.keeperPid()).isEqualTo(keeper.pid());
    assertThat(Machines.runs(qemu)).isTrue();
    assertThat(Machines.runs(other)).isTrue();
    assertThat(client.list()).containsAll(before).hasSize(3);
    assertThat(client.listLeases()).containsExactlyInAnyOrderElementsOf(held);
    LockspaceState again = storage.state(client);
    assertThat(again.phase()).isEqualTo(LockspacePhase.LIVE);
    assertThat(again.generation()).isEqualTo(live.generation());
    Awaitility.await()
        .untilAsserted(
            () -> assertThat(storage.state(client).figures().renewals()).isGreaterThan(1));

    // Its output and its exit status are known although an earlier program has started it.
    Files.createFile(directory.resolve("go"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    assertThat(listener.awaitExit(talking).cause()).isEqualTo(new ExitCause.Code(5));
    assertThat(machines.logFile(talking)).content().contains("before\nafter\n");

    // Leases are given back by the new program: the next acquisition sees the next version.
    for (UUID machine : List.of(renewed, locked)) {
      client.signal(machine, ProcessSignal.KILL);
      assertThat(listener.awaitExit(machine).cause()).isEqualTo(new ExitCause.Killed(9));
      client.releaseLeases(machine, false);
    }
    assertThat(client.acquireLeases(talking, List.of(storage.lease(1), lock)))
        .hasSize(2)
        .anySatisfy(lease -> assertThat(lease.version()).isEqualTo(2));
    assertThat(client.list())
        .allMatch(process -> process.origin() == Origin.LAUNCHED && !process.isRunning());
  }

  @Test
  void machinesDieWithAKeeperThatWasUpgraded() throws IOException {
    ProcessHandle tied =
        machines.track(
            client.launch(machines.launch(renewed, Tie.KEEPER_LIFE, "/bin/sleep", "600")));
    upgrade(List.of());
    assertThat(Machines.runs(tied)).isTrue();

    keeper.destroyForcibly();

    Awaitility.await().until(() -> !Machines.runs(tied));
  }

  @Test
  void aProgramThatDoesNotStartIsRefusedAndNothingHappens() throws IOException {
    client.launch(machines.launch(renewed, Tie.KEEPER_LIFE, "/bin/sleep", "600"));

    for (List<String> wrong :
        List.of(
            List.of("/nonexistent"), List.of("/bin/false"), List.of("/bin/sh", "-c", "exit 3"))) {
      assertThatThrownBy(() -> client.upgrade(wrong))
          .isInstanceOfSatisfying(
              KeeperException.class,
              refusal -> assertThat(refusal.code()).isEqualTo(FailureCode.INTERNAL))
          .hasMessageContaining("not upgraded");
    }

    assertThat(client.list()).singleElement().matches(ProcessState::isRunning);
  }

  @Test
  void aProgramThatIsGoneWhenItIsExecutedLeavesTheOldOneAtWork() throws IOException {
    storage.join(client, 1);
    client.formatLease(storage.lease(1));
    client.acquireLeases(renewed, List.of(storage.lease(1)));
    ProcessHandle tied =
        machines.track(
            client.launch(machines.launch(renewed, Tie.KEEPER_LIFE, "/bin/sleep", "600")));
    Path fleeting =
        Files.writeString(directory.resolve("fleeting"), "#!/bin/sh\nexec /bin/rm \"$0\"\n");
    Files.setPosixFilePermissions(fleeting, PosixFilePermissions.fromString("rwx------"));

    upgrade(List.of(fleeting.toString()));

    assertThat(fleeting).doesNotExist();
    assertThat(machines.keeperLog()).content().contains("The keeper was not upgraded: execve");
    long renewals = storage.state(client).figures().renewals();
    Awaitility.await()
        .untilAsserted(
            () -> assertThat(storage.state(client).figures().renewals()).isGreaterThan(renewals));
    assertThat(Machines.runs(tied)).isTrue();
    assertThat(client.listLeases()).hasSize(1);
    client.signal(renewed, ProcessSignal.KILL);
  }

  @Test
  @Tag("heavy")
  void aNewProgramThatHangsIsKilledWithTheMachinesBeforeOtherHostsTakeOver() throws IOException {
    storage.join(client, 1);
    client.formatLease(storage.lease(1));
    client.acquireLeases(renewed, List.of(storage.lease(1)));
    ProcessHandle tied =
        machines.track(
            client.launch(machines.launch(renewed, Tie.KEEPER_LIFE, "/bin/sleep", "600")));

    // It says that it could follow, and then does nothing.
    Path hanging =
        Files.writeString(
            directory.resolve("hanging"),
            "#!/bin/sh\ncase $1 in --check-handover=*) exit 0;; esac\nexec /bin/sleep 600\n");
    Files.setPosixFilePermissions(hanging, PosixFilePermissions.fromString("rwx------"));
    Instant began = Instant.now();
    client.upgrade(List.of(hanging.toString()));
    Awaitility.await().atMost(Duration.ofSeconds(40)).until(() -> !Machines.runs(tied));
    Duration after = Duration.between(began, Instant.now());

    System.out.printf(
        "UpgradeTest: new program hangs: machine gone after %.2f s%n", after.toMillis() / 1000.0);
    assertThat(Machines.runs(keeper)).isFalse();
    assertThat(after).isLessThan(SharedStorage.T.multipliedBy(8).plus(SharedStorage.FIRE_TIMEOUT));
  }
}
