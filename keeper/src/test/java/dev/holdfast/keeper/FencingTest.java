package dev.holdfast.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperException;
import dev.holdfast.keeper.protocol.Event;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.LockspacePhase;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Keepers as processes that are killed, stopped, frozen, or lose their storage, with T = 1 s and 8
 * s for the watchdog: machines end by themselves 8 s after the last renewal, by the kernel after 10
 * s, and other hosts wait 16 s.
 */
@Tag("heavy")
class FencingTest {
  private static final Duration FAILED = SharedStorage.T.multipliedBy(8);
  private static final Duration GRACE = SharedStorage.FIRE_TIMEOUT.dividedBy(4);
  private static final Duration TOLERANCE = Duration.ofSeconds(1);
  private static final String[] OPTIONS = {
    "--watchdog-fire-timeout=" + SharedStorage.FIRE_TIMEOUT.toSeconds(), "--watchdog=off"
  };

  private final UUID machine = UUID.randomUUID();
  private final RecordingListener listener = new RecordingListener();

  @TempDir private Path directory;
  private Machines machines;
  private ProcessHandle keeper;
  private SharedStorage storage;
  private KeeperClient client;

  @BeforeEach
  void start() throws IOException {
    Machines.assumeRoot();
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    storage = new SharedStorage(directory.resolve("leases"), "pool");
    machines = new Machines(Files.createDirectory(directory.resolve("one")));
    keeper = machines.startKeeper(OPTIONS);
    client = machines.connect(listener);
  }

  @AfterEach
  void stop() throws IOException {
    if (client != null) {
      client.close();
      machines.close();
    }
  }

  private ProcessHandle launchQemu() throws IOException {
    assumeTrue(Files.isExecutable(Machines.QEMU), "no " + Machines.QEMU);
    client.acquireLeases(machine, List.of(storage.lease(1)));
    ProcessState process = client.launch(machines.qemu(machine, Tie.KEEPER_LIFE));
    ProcessHandle handle = machines.track(process);
    machines.awaitReady(machine, process);
    return handle;
  }

  private void prepare() throws IOException {
    storage.join(client, 1);
    client.formatLease(storage.lease(1));
  }

  private Instant lastRenewal() throws IOException {
    return Objects.requireNonNull(storage.state(client).lastRenewal());
  }

  /** Waits for the end of a process and returns when it was seen. */
  private static Instant awaitEnd(ProcessHandle process) {
    Awaitility.await()
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(40))
        .until(() -> !Machines.runs(process));
    return Instant.now();
  }

  /** Nothing is to happen until then. */
  private static void awaitTime(Instant time) {
    Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> Instant.now().isAfter(time));
  }

  private static void report(String what, Duration after, Duration limit) {
    System.out.printf(
        "FencingTest: %s: machine gone after %.2f s, limit %.2f s%n",
        what, after.toMillis() / 1000.0, limit.toMillis() / 1000.0);
    assertThat(after).isLessThan(limit);
  }

  @Test
  void aKilledKeeperTakesItsMachinesAlongAndTheNextOneGetsTheLeaseBack() throws IOException {
    prepare();
    ProcessHandle qemu = launchQemu();

    Instant killed = Instant.now();
    keeper.destroyForcibly();
    report("keeper killed", Duration.between(killed, awaitEnd(qemu)), TOLERANCE);

    client.close();
    machines.startKeeper(OPTIONS);
    client = machines.connect(listener);
    LockspaceState again = storage.join(client, 1);
    assertThat(again.generation()).isEqualTo(2);
    HeldLease held = client.acquireLeases(machine, List.of(storage.lease(1))).getFirst();
    assertThat(held.version()).isEqualTo(2);
  }

  @Test
  void aStoppedKeeperIsKilledByTheKernelWithItsMachines() throws IOException {
    prepare();
    ProcessHandle qemu = launchQemu();

    Instant renewed = lastRenewal();
    FuseExport.run("kill", "-STOP", Long.toString(keeper.pid()));
    Instant gone = awaitEnd(qemu);

    report(
        "keeper stopped (since its last renewal)",
        Duration.between(renewed, gone),
        FAILED.plus(GRACE).plus(TOLERANCE).plus(SharedStorage.T.multipliedBy(2)));
    assertThat(Machines.runs(keeper)).isFalse();
  }

  @Test
  void aKeeperFrozenByADebuggerIsKilledByTheKernelWithItsMachines() throws IOException {
    prepare();
    ProcessHandle qemu = launchQemu();

    Instant renewed = lastRenewal();
    try (var _ = Debugger.stop(keeper)) {
      Instant gone = awaitEnd(qemu);
      report(
          "keeper frozen (since its last renewal)",
          Duration.between(renewed, gone),
          FAILED.plus(GRACE).plus(TOLERANCE).plus(SharedStorage.T.multipliedBy(2)));
    }
  }

  @Test
  void aClientThatIsKilledChangesNothing() throws IOException {
    prepare();
    ProcessHandle qemu = launchQemu();
    client.close();
    awaitTime(Instant.now().plus(FAILED).plus(GRACE).plus(TOLERANCE));
    assertThat(Machines.runs(qemu)).isTrue();
    client = machines.connect(listener);
    LockspaceState state = storage.state(client);
    assertThat(state.phase()).isEqualTo(LockspacePhase.LIVE);
    assertThat(state.figures().failures()).isZero();
    assertThat(client.listLeases()).hasSize(1);
  }

  @Test
  void machinesAreKilledWhenStorageHangsAndTheLockspaceComesBackWithIt() throws IOException {
    requireFuse();
    try (FuseExport export = FuseExport.serve(directory, "leases")) {
      prepare();
      ProcessHandle qemu = launchQemu();
      Instant renewed = lastRenewal();
      export.hang();

      LockspaceState late = storage.awaitPhase(client, LockspacePhase.LATE);
      assertThat(Machines.runs(qemu)).isTrue();
      assertThat(late.message()).contains("machines will be killed after 8 s");
      Instant gone = awaitEnd(qemu);
      report(
          "storage hangs (since the last renewal)",
          Duration.between(renewed, gone),
          FAILED.plus(TOLERANCE).plus(SharedStorage.T.multipliedBy(2)));
      Event.LeasesLost lost =
          Awaitility.await()
              .until(() -> listener.losses().stream().findFirst(), Optional::isPresent)
              .orElseThrow();
      assertThat(lost.machineId()).isEqualTo(machine);
      assertThat(lost.leases()).hasSize(1);
      assertThat(client.listLeases()).isEmpty();
      assertThat(Machines.runs(keeper)).isTrue();
      assertThatThrownBy(() -> client.acquireLeases(machine, List.of(storage.lease(1))))
          .isInstanceOfSatisfying(
              KeeperException.class,
              refusal -> assertThat(refusal.code()).isEqualTo(FailureCode.LOCKSPACE_NOT_READY));

      export.goOn();
      LockspaceState live = storage.awaitPhase(client, LockspacePhase.LIVE);
      assertThat(live.generation()).isGreaterThan(1);
      assertThat(listener.lockspaceChanges())
          .extracting(LockspaceState::phase)
          .containsSubsequence(
              LockspacePhase.LIVE,
              LockspacePhase.LATE,
              LockspacePhase.FAILED,
              LockspacePhase.JOINING,
              LockspacePhase.LIVE);
      assertThat(client.acquireLeases(machine, List.of(storage.lease(1)))).hasSize(1);
      client.releaseLeases(machine, false);
      client.leaveLockspace("pool");
      keeper.destroy();
      awaitEnd(keeper);
    }
  }

  @Test
  void aProcessHeldInTheKernelIsNeverTakenForDead() throws IOException {
    requireFuse();
    try (FuseExport export = FuseExport.serve(directory, "leases")) {
      prepare();
      ProcessHandle stuck;
      try (FuseExport slow = FuseExport.serve(directory, "slow", 1)) {
        stuck = launchStuck(slow);
        export.hang();
        storage.awaitPhase(client, LockspacePhase.FAILED);
        Awaitility.await()
            .untilAsserted(
                () ->
                    assertThat(storage.state(client).message())
                        .contains("killed, but not gone", machine.toString(), "D (disk sleep)"));
        export.goOn();
        // Longer than joining again would take.
        awaitTime(Instant.now().plus(SharedStorage.T.multipliedBy(6)));

        assertThat(storage.state(client).phase()).isEqualTo(LockspacePhase.FAILED);
        assertThat(client.listLeases()).hasSize(1);
        assertThat(listener.losses()).isEmpty();
        assertThat(Machines.runs(keeper)).isTrue();
        assertThat(client.list()).singleElement().matches(ProcessState::isRunning);
      }
      awaitEnd(stuck);
      assertThat(storage.awaitPhase(client, LockspacePhase.LIVE).generation()).isGreaterThan(1);
      assertThat(listener.losses()).hasSize(1);
      keeper.destroy();
      awaitEnd(keeper);
    }
  }

  @Test
  void anEarlierKeepersProcessThatTheKernelStillHoldsKeepsTheHostIdFromBeingTaken()
      throws IOException {
    requireFuse();
    prepare();
    ProcessHandle stuck;
    try (FuseExport slow = FuseExport.serve(directory, "slow", 1)) {
      stuck = launchStuck(slow);
      keeper.destroyForcibly();
      awaitEnd(keeper);
      client.close();
      machines.startKeeper(OPTIONS);
      client = machines.connect(listener);
      client.joinLockspace(storage.as(1));
      Awaitility.await()
          .untilAsserted(
              () ->
                  assertThat(storage.state(client).message())
                      .contains("processes of an earlier keeper"));
      assertThat(Machines.runs(stuck)).isTrue();
      assertThat(storage.state(client).phase()).isEqualTo(LockspacePhase.JOINING);
    }
    awaitEnd(stuck);
    assertThat(storage.awaitPhase(client, LockspacePhase.LIVE).generation()).isEqualTo(2);
  }

  /** A machine whose process waits in the kernel for a read that takes for ever. */
  private ProcessHandle launchStuck(FuseExport slow) throws IOException {
    Files.setAttribute(slow.file(), "unix:uid", Machines.UID);
    client.acquireLeases(machine, List.of(storage.lease(1)));
    ProcessState process =
        client.launch(
            machines.launch(
                machine,
                Tie.KEEPER_LIFE,
                "/bin/dd",
                "if=" + slow.file(),
                "of=/dev/null",
                "bs=64k",
                "iflag=direct"));
    Path status = Path.of("/proc/" + process.pid() + "/status");
    Awaitility.await().until(() -> Files.readString(status).contains("D (disk sleep)"));
    return ProcessHandle.of(process.pid()).orElseThrow();
  }

  @Test
  void anotherHostTakesOverWhenTheFirstIsSurelyGoneAndNotBefore() throws IOException {
    prepare();
    ProcessHandle qemu = launchQemu();
    try (var elsewhere = new Machines(Files.createDirectory(directory.resolve("two")))) {
      elsewhere.startKeeper(OPTIONS);
      try (KeeperClient other = elsewhere.connect(new RecordingListener())) {
        storage.join(other, 2);
        Instant renewed = lastRenewal();
        FuseExport.run("kill", "-STOP", Long.toString(keeper.pid()));
        UUID successor = UUID.randomUUID();
        Instant taken =
            Awaitility.await()
                .pollInterval(Duration.ofMillis(200))
                .atMost(Duration.ofSeconds(40))
                .until(() -> tryTake(other, successor), Optional::isPresent)
                .orElseThrow();
        assertThat(Machines.runs(qemu)).isFalse();
        Duration after = Duration.between(renewed, taken);
        System.out.printf("FencingTest: taken over after %.2f s%n", after.toMillis() / 1000.0);
        assertThat(after).isGreaterThan(FAILED.plus(SharedStorage.FIRE_TIMEOUT));
        assertThat(after)
            .isLessThan(
                FAILED.plus(SharedStorage.FIRE_TIMEOUT).plus(SharedStorage.T.multipliedBy(6)));
      }
    }
  }

  private Optional<Instant> tryTake(KeeperClient other, UUID successor) throws IOException {
    try {
      other.acquireLeases(successor, List.of(storage.lease(1)));
      return Optional.of(Instant.now());
    } catch (KeeperException refusal) {
      assertThat(refusal.code()).isEqualTo(FailureCode.LEASE_HELD);
      return Optional.empty();
    }
  }

  private static void requireFuse() {
    Optional<String> missing = FuseExport.missing();
    assumeTrue(missing.isEmpty(), missing::orElseThrow);
  }
}
