package dev.holdfast.keeper;

import static dev.holdfast.keeper.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperException;
import dev.holdfast.keeper.fencing.WatchdogMode;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.ProcessSignal;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseHolder;
import dev.holdfast.keeper.protocol.lease.LeaseMode;
import dev.holdfast.keeper.protocol.lease.Lockspace;
import dev.holdfast.keeper.protocol.lease.LockspacePhase;
import dev.holdfast.keeper.protocol.lease.LockspaceState;
import dev.holdfast.keeper.protocol.lease.MachineLeases;
import dev.holdfast.keeper.protocol.lease.PeerState;
import dev.holdfast.keeper.server.KeeperOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two keepers in this JVM as two hosts that share a file with leases. */
class SanlockLeaseTest {
  private final UUID machine = UUID.randomUUID();
  private final UUID other = UUID.randomUUID();
  private final RecordingListener listener = new RecordingListener();

  @TempDir private Path directory;
  private SharedStorage storage;
  private Machines machines;
  private TwoKeepers keepers;
  private KeeperClient client;
  private KeeperClient otherClient;

  @BeforeEach
  void start() throws IOException {
    Machines.assumeRoot();
    storage = new SharedStorage(directory.resolve("leases"), "pool");
    keepers = new TwoKeepers(directory, SanlockLeaseTest::options, listener);
    machines = keepers.machines();
    client = keepers.client();
    otherClient = keepers.otherClient();
  }

  private static KeeperOptions options(Path socket) {
    return new KeeperOptions(
        socket,
        SharedStorage.FIRE_TIMEOUT,
        WatchdogMode.OFF,
        KeeperOptions.DEFAULT_WATCHDOG_SOCKET);
  }

  @AfterEach
  void stop() throws IOException {
    if (keepers != null) {
      keepers.close();
    }
  }

  @Test
  void joinsInTheBackgroundRenewsAndLeaves() throws IOException {
    client.formatLockspace(storage.as(1));
    client.formatLockspace(storage.as(1));

    assertThat(client.joinLockspace(storage.as(1)).phase()).isEqualTo(LockspacePhase.JOINING);
    LockspaceState live = storage.awaitPhase(client, LockspacePhase.LIVE);
    assertThat(live.generation()).isEqualTo(1);
    assertThat(live.fencingLevel()).isEqualTo(2);
    assertThat(client.joinLockspace(storage.as(1)).phase()).isEqualTo(LockspacePhase.LIVE);
    assertRefused(FailureCode.LOCKSPACE_MISMATCH, () -> client.joinLockspace(storage.as(2)));

    LockspaceState renewed =
        Awaitility.await()
            .until(() -> storage.state(client), state -> state.figures().renewals() >= 2);
    assertThat(renewed.lastRenewal()).isAfter(live.lastRenewal());
    assertThat(renewed.figures().longestLatencyMillis())
        .isGreaterThanOrEqualTo(renewed.figures().lastLatencyMillis());

    storage.join(otherClient, 2);
    Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(storage.state(client).peers())
                    .singleElement()
                    .satisfies(
                        peer -> {
                          assertThat(peer.hostName()).isEqualTo("host-2");
                          assertThat(peer.state()).isEqualTo(PeerState.LIVE);
                        }));
    otherClient.leaveLockspace("pool");
    assertThat(otherClient.listLockspaces()).isEmpty();
    Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(storage.state(client).peers())
                    .allMatch(peer -> peer.state() == PeerState.FREE));
    assertThat(listener.lockspaceChanges())
        .extracting(LockspaceState::phase)
        .first()
        .isEqualTo(LockspacePhase.LIVE);
    assertThat(storage.join(otherClient, 2).generation()).isEqualTo(2);
  }

  @Test
  void hostsExcludeEachOtherAndHandOver() throws IOException {
    storage.join(client, 1);
    storage.join(otherClient, 2);
    Lease.Sanlock lease = storage.lease(1);
    client.formatLease(lease);
    otherClient.formatLease(lease);

    HeldLease held = client.acquireLeases(machine, List.of(lease)).getFirst();

    assertThat(held.version()).isEqualTo(1);
    assertThat(held.hostId()).isEqualTo(1);
    assertThat(held.generation()).isEqualTo(1);
    assertThat(client.acquireLeases(machine, List.of(lease))).containsExactly(held);
    assertThat(client.listLeases()).containsExactly(new MachineLeases(machine, List.of(held)));
    assertThatThrownBy(() -> otherClient.acquireLeases(other, List.of(lease)))
        .isInstanceOfSatisfying(
            KeeperException.class,
            refusal -> {
              assertThat(refusal.code()).isEqualTo(FailureCode.LEASE_HELD);
              LeaseHolder holder = refusal.holder().orElseThrow();
              assertThat(holder.hostId()).isEqualTo(1);
              assertThat(holder.hostName()).isEqualTo("host-1");
              assertThat(holder.generation()).isEqualTo(1);
              assertThat(holder.version()).isEqualTo(1);
            })
        .hasMessageContainingAll("disk-1", "host id 1", "host-1", "version 1");
    assertThatThrownBy(() -> client.acquireLeases(other, List.of(lease)))
        .isInstanceOfSatisfying(
            KeeperException.class,
            refusal -> assertThat(refusal.holder().orElseThrow().machineId()).isEqualTo(machine));

    assertThat(client.releaseLeases(machine, false)).containsExactly(held);
    assertThat(otherClient.acquireLeases(other, List.of(lease)).getFirst().version()).isEqualTo(2);
  }

  @Test
  void aResumedMachineNoticesThatSomebodyElseUsedItsDisk() throws IOException {
    storage.join(client, 1);
    storage.join(otherClient, 2);
    Lease.Sanlock lease = storage.lease(1);
    client.formatLease(lease);
    client.acquireLeases(machine, List.of(lease));
    keepers.launch(machines.launch(machine, Tie.KEEPER_LIFE, "/bin/sleep", "600"));
    client.signal(machine, ProcessSignal.STOP);
    long version = Objects.requireNonNull(client.releaseLeases(machine, true).getFirst().version());

    HeldLease again =
        client
            .acquireLeases(machine, List.of(storage.lease(1, LeaseMode.EXCLUSIVE, version)))
            .getFirst();
    assertThat(again.version()).isEqualTo(version + 1);
    client.releaseLeases(machine, true);
    otherClient.acquireLeases(other, List.of(lease));
    otherClient.releaseLeases(other, false);

    assertThatThrownBy(
            () ->
                client.acquireLeases(
                    machine, List.of(storage.lease(1, LeaseMode.EXCLUSIVE, again.version()))))
        .isInstanceOfSatisfying(
            KeeperException.class,
            refusal -> {
              assertThat(refusal.code()).isEqualTo(FailureCode.LEASE_VERSION_MISMATCH);
              assertThat(refusal.holder().orElseThrow().hostId()).isEqualTo(2);
            })
        .hasMessageContaining("host-2");
    assertThat(client.listLeases()).isEmpty();
  }

  @Test
  void readersOfTwoHostsAndOfOneHostShare() throws IOException {
    storage.join(client, 1);
    storage.join(otherClient, 2);
    client.formatLease(storage.lease(1));
    Lease.Sanlock shared = storage.lease(1, LeaseMode.SHARED, null);
    UUID third = UUID.randomUUID();

    client.acquireLeases(machine, List.of(shared));
    client.acquireLeases(third, List.of(shared));
    otherClient.acquireLeases(other, List.of(shared));
    assertRefused(
        FailureCode.LEASE_HELD,
        () -> otherClient.acquireLeases(UUID.randomUUID(), List.of(storage.lease(1))));

    client.releaseLeases(machine, false);
    otherClient.releaseLeases(other, false);
    assertRefused(
        FailureCode.LEASE_HELD, () -> otherClient.acquireLeases(other, List.of(storage.lease(1))));
    client.releaseLeases(third, false);
    assertThat(otherClient.acquireLeases(other, List.of(storage.lease(1)))).hasSize(1);
  }

  @Test
  void onlyAProcessThatDiesWithTheKeeperRunsOnRenewedLeases() throws IOException {
    storage.join(client, 1);
    client.formatLease(storage.lease(1));
    client.acquireLeases(machine, List.of(storage.lease(1)));

    assertRefused(
        FailureCode.FENCING_UNAVAILABLE,
        () -> client.launch(machines.launch(machine, Tie.INDEPENDENT, "/bin/sleep", "600")));
    ProcessState process =
        keepers.launch(machines.launch(machine, Tie.KEEPER_LIFE, "/bin/sleep", "600"));

    assertThat(Files.readSymbolicLink(Path.of("/proc/" + process.pid() + "/fd/3")))
        .hasFileName("lockspace-pool.lock");
    assertRefused(FailureCode.STILL_RUNNING, () -> client.releaseLeases(machine, false));
    assertRefused(FailureCode.LEASE_IN_USE, () -> client.leaveLockspace("pool"));
    client.signal(machine, ProcessSignal.KILL);
    listener.awaitExit(machine);
    client.releaseLeases(machine, false);
    client.leaveLockspace("pool");
    assertRefused(
        FailureCode.LOCKSPACE_NOT_READY,
        () -> client.acquireLeases(machine, List.of(storage.lease(1))));
  }

  @Test
  void nothingIsOverwritten() throws IOException {
    Path image = Files.write(directory.resolve("image"), new byte[] {0, 0, 1});
    var notEmpty = new SharedStorage(image, "pool");
    assertThatThrownBy(() -> client.formatLockspace(notEmpty.as(1)))
        .hasMessageContaining("something else: it is not overwritten");
    assertThat(image).hasBinaryContent(new byte[] {0, 0, 1});

    client.formatLockspace(storage.as(1));
    var renamed = new SharedStorage(storage.path(), "another");
    assertThatThrownBy(() -> client.formatLockspace(renamed.as(1)))
        .hasMessageContaining("of lockspace 'pool': it is not overwritten");
    assertRefused(FailureCode.LOCKSPACE_NOT_READY, () -> client.formatLease(storage.lease(1)));

    storage.join(client, 1);
    client.formatLease(storage.lease(1));
    client.acquireLeases(machine, List.of(storage.lease(1)));
    client.formatLease(storage.lease(1));
    Lease.Sanlock first = storage.lease(1);
    var usurper =
        new Lease.Sanlock(
            "pool", "usurper", first.path(), first.offset(), LeaseMode.EXCLUSIVE, null);
    assertRefused(FailureCode.LEASE_STORAGE, () -> client.formatLease(usurper));
    assertRefused(FailureCode.LEASE_STORAGE, () -> client.acquireLeases(other, List.of(usurper)));
    // The lease is still the machine's: a format that was done would have freed it.
    assertThat(client.listLeases()).hasSize(1);
    client.releaseLeases(machine, false);
    assertThat(client.acquireLeases(machine, List.of(storage.lease(1))).getFirst().version())
        .isEqualTo(2);
  }

  @Test
  void saysWhatIsWrongWithALockspaceThatCannotBeJoined() throws IOException {
    Lockspace missing = storage.as(1);
    client.joinLockspace(missing);
    Awaitility.await()
        .untilAsserted(
            () ->
                assertThat(storage.state(client).message()).contains("No such file or directory"));
    storage.join(otherClient, 2);
    storage.awaitPhase(client, LockspacePhase.LIVE);
    client.leaveLockspace("pool");
    assertThat(client.listLockspaces()).isEmpty();
  }
}
