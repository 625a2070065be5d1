package dev.holdfast.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.keeper.StandInWatchdog.Message;
import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperException;
import dev.holdfast.keeper.fencing.WatchdogMode;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.keeper.server.KeeperOptions;
import dev.holdfast.keeper.server.KeeperServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The keeper as a client of wdmd. */
class WatchdogTest {
  private final UUID machine = UUID.randomUUID();
  @TempDir private Path directory;

  private KeeperServer serve(WatchdogMode mode) throws IOException {
    return KeeperServer.start(
        new KeeperOptions(
            directory.resolve("keeper.sock"), SharedStorage.FIRE_TIMEOUT, mode, wdmd()),
        Clock.systemUTC());
  }

  private KeeperClient connect() throws IOException {
    return KeeperClient.connect(directory.resolve("keeper.sock"), new RecordingListener());
  }

  private Path wdmd() {
    return directory.resolve("wdmd.sock");
  }

  private SharedStorage storage() {
    return new SharedStorage(directory.resolve("leases"), "pool");
  }

  @Test
  void theWatchdogIsArmedAsLongAsLeasesAreHeldAndOnlyThen() throws IOException {
    try (var watchdog =
            StandInWatchdog.listen(wdmd(), (int) SharedStorage.FIRE_TIMEOUT.toSeconds());
        KeeperServer server = serve(WatchdogMode.REQUIRED);
        KeeperClient client = connect()) {
      assertThat(server.processes()).isEmpty();
      assertThat(storage().join(client, 1).fencingLevel()).isEqualTo(3);
      assertThat(watchdog.messages())
          .extracting(Message::command)
          .containsExactly(Message.REGISTER, Message.HOLD);
      assertThat(watchdog.messages().getFirst().name()).isEqualTo("holdfast pool");

      client.formatLease(storage().lease(1));
      client.acquireLeases(machine, List.of(storage().lease(1)));
      int sofar = watchdog.messages().size();
      Awaitility.await().until(() -> watchdog.messages().size() >= sofar + 2);
      List<Message> armed = watchdog.messages().subList(sofar - 1, sofar + 2);
      assertThat(armed)
          .allSatisfy(
              message -> {
                assertThat(message.command()).isEqualTo(Message.TEST_LIVE);
                assertThat(message.expiry() - message.renewal()).isEqualTo(8);
                // System.nanoTime is CLOCK_MONOTONIC, by which wdmd judges.
                assertThat(System.nanoTime() / 1_000_000_000L - message.renewal())
                    .isBetween(0L, 8L);
              });
      assertThat(armed.getLast().renewal()).isGreaterThan(armed.getFirst().renewal());

      client.releaseLeases(machine, false);
      Awaitility.await().until(() -> isDisarmed(watchdog));
      client.leaveLockspace("pool");
      Awaitility.await().until(() -> watchdog.messages().getLast().command() == Message.LET_GO);
    }
  }

  private static boolean isDisarmed(StandInWatchdog watchdog) {
    Message last = watchdog.messages().getLast();
    return last.command() == Message.TEST_LIVE && last.renewal() == 0 && last.expiry() == 0;
  }

  @Test
  void aKeeperThatIsUpgradedOrEndsLeavesNoWatchdogArmed() throws IOException {
    Machines.assumeRoot();
    try (var watchdog =
            StandInWatchdog.listen(wdmd(), (int) SharedStorage.FIRE_TIMEOUT.toSeconds());
        var machines = new Machines(directory)) {
      ProcessHandle keeper =
          machines.startKeeper(
              "--watchdog=required",
              "--watchdog-socket=" + wdmd(),
              "--watchdog-fire-timeout=" + SharedStorage.FIRE_TIMEOUT.toSeconds());
      try (KeeperClient client = connect()) {
        storage().join(client, 1);
        client.formatLease(storage().lease(1));
        client.acquireLeases(machine, List.of(storage().lease(1)));
        machines.track(
            client.launch(machines.launch(machine, Tie.KEEPER_LIFE, "/bin/sleep", "600")));
        client.upgrade(List.of());
      }
      Awaitility.await()
          .untilAsserted(
              () ->
                  assertThat(watchdog.messages())
                      .extracting(Message::command)
                      .containsSubsequence(
                          Message.TEST_LIVE,
                          Message.LET_GO,
                          Message.REGISTER,
                          Message.HOLD,
                          Message.TEST_LIVE));
      int leaving =
          watchdog.messages().stream().map(Message::command).toList().indexOf(Message.LET_GO);
      assertThat(watchdog.messages().get(leaving - 1).expiry()).isZero();

      keeper.destroy();

      Awaitility.await()
          .untilAsserted(
              () -> assertThat(watchdog.messages().getLast().command()).isEqualTo(Message.LET_GO));
      assertThat(watchdog.messages().get(watchdog.messages().size() - 2).expiry()).isZero();
      Awaitility.await().until(() -> !Machines.runs(keeper));
      // Given back in order: the next one has the lease at once.
      try (KeeperServer server = serve(WatchdogMode.OFF);
          KeeperClient client = connect()) {
        assertThat(server.processes()).isEmpty();
        assertThat(storage().join(client, 1).generation()).isEqualTo(2);
        assertThat(client.acquireLeases(machine, List.of(storage().lease(1)))).hasSize(1);
        client.releaseLeases(machine, false);
      }
    }
  }

  @Test
  void aWatchdogThatIsRequiredAndMissingKeepsMachinesFromStarting() throws IOException {
    try (KeeperServer server = serve(WatchdogMode.REQUIRED);
        KeeperClient client = connect()) {
      assertThat(server.processes()).isEmpty();
      assertThat(storage().join(client, 1).fencingLevel()).isEqualTo(2);
      assertThatThrownBy(() -> client.formatLease(storage().lease(1)))
          .isInstanceOfSatisfying(
              KeeperException.class,
              refusal -> assertThat(refusal.code()).isEqualTo(FailureCode.FENCING_UNAVAILABLE))
          .hasMessageContaining("wdmd.sock");
    }
  }

  @Test
  void aWatchdogThatFiresAtAnotherTimeThanOthersWaitForIsNone() throws IOException {
    try (var watchdog = StandInWatchdog.listen(wdmd(), 60);
        KeeperServer server = serve(WatchdogMode.REQUIRED);
        KeeperClient client = connect()) {
      assertThat(server.processes()).isEmpty();
      assertThat(storage().join(client, 1).fencingLevel()).isEqualTo(2);
      assertThatThrownBy(() -> client.formatLease(storage().lease(1)))
          .hasMessageContaining("the watchdog fires after 60 s");
      assertThat(watchdog.messages()).extracting(Message::command).containsOnly(Message.REGISTER);
    }
  }

  @Test
  void withoutAWatchdogTheKernelsTimerIsEnoughUnlessItIsRequired() throws IOException {
    try (KeeperServer server = serve(WatchdogMode.AUTO);
        KeeperClient client = connect()) {
      assertThat(server.processes()).isEmpty();
      assertThat(storage().join(client, 1).fencingLevel()).isEqualTo(2);
      client.formatLease(storage().lease(1));
      assertThat(client.acquireLeases(machine, List.of(storage().lease(1)))).hasSize(1);
      client.releaseLeases(machine, false);
    }
  }
}
