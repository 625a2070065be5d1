package dev.holdfast.keeper;

import static dev.holdfast.keeper.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperException;
import dev.holdfast.keeper.protocol.FailureCode;
import dev.holdfast.keeper.protocol.ProcessSignal;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.keeper.protocol.lease.HeldLease;
import dev.holdfast.keeper.protocol.lease.Lease;
import dev.holdfast.keeper.protocol.lease.LeaseMode;
import dev.holdfast.keeper.protocol.lease.MachineLeases;
import dev.holdfast.keeper.server.KeeperOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.UUID;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two keepers in this JVM as two hosts that share a directory, with real processes. */
class OfdLeaseTest {
  private final UUID machine = UUID.randomUUID();
  private final UUID other = UUID.randomUUID();
  private final RecordingListener listener = new RecordingListener();

  @TempDir private Path directory;
  private Machines machines;
  private TwoKeepers keepers;
  private KeeperClient client;
  private KeeperClient otherClient;
  private Lease.Ofd lease;
  private Lease.Ofd shared;

  @BeforeEach
  void start() throws IOException {
    Machines.assumeRoot();
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    keepers = new TwoKeepers(directory, KeeperOptions::defaults, listener);
    machines = keepers.machines();
    client = keepers.client();
    otherClient = keepers.otherClient();
    lease = new Lease.Ofd(directory.resolve("disk.lock"), LeaseMode.EXCLUSIVE);
    shared = new Lease.Ofd(lease.path(), LeaseMode.SHARED);
  }

  @AfterEach
  void stop() throws IOException {
    if (keepers != null) {
      keepers.close();
    }
  }

  @Test
  void twoKeepersExcludeEachOther() throws IOException {
    HeldLease held = client.acquireLeases(machine, List.of(lease)).getFirst();

    assertThat(held.lease()).isEqualTo(lease);
    assertThat(client.acquireLeases(machine, List.of(lease))).containsExactly(held);
    assertThat(client.listLeases()).containsExactly(new MachineLeases(machine, List.of(held)));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(lease.path())))
        .isEqualTo("rw-------");
    assertThatThrownBy(() -> otherClient.acquireLeases(other, List.of(lease)))
        .isInstanceOfSatisfying(
            KeeperException.class,
            refusal -> {
              assertThat(refusal.code()).isEqualTo(FailureCode.LEASE_HELD);
              assertThat(refusal.holder().orElseThrow().lease()).isEqualTo(lease);
            })
        .hasMessageContaining("machine " + machine);
    assertThatThrownBy(() -> client.acquireLeases(other, List.of(shared)))
        .isInstanceOfSatisfying(
            KeeperException.class,
            refusal -> assertThat(refusal.holder().orElseThrow().machineId()).isEqualTo(machine));

    assertThat(client.releaseLeases(machine, false)).containsExactly(held);
    assertThat(client.listLeases()).isEmpty();
    assertThat(otherClient.acquireLeases(other, List.of(lease))).hasSize(1);
  }

  @Test
  void readersShareAndKeepAWriterOut() throws IOException {
    client.acquireLeases(machine, List.of(shared));
    otherClient.acquireLeases(other, List.of(shared));
    UUID third = UUID.randomUUID();

    assertRefused(FailureCode.LEASE_HELD, () -> client.acquireLeases(third, List.of(lease)));
    assertRefused(FailureCode.LEASE_HELD, () -> client.acquireLeases(machine, List.of(lease)));

    client.releaseLeases(machine, false);
    otherClient.releaseLeases(other, false);
    assertThat(client.acquireLeases(third, List.of(lease))).hasSize(1);
  }

  @Test
  void whenOneLeaseCannotBeHadNoneIs() throws IOException {
    var free = new Lease.Ofd(directory.resolve("free.lock"), LeaseMode.EXCLUSIVE);
    otherClient.acquireLeases(other, List.of(lease));

    assertRefused(
        FailureCode.LEASE_HELD, () -> client.acquireLeases(machine, List.of(free, lease)));

    assertThat(client.listLeases()).isEmpty();
    assertThat(otherClient.acquireLeases(other, List.of(free))).hasSize(2);
  }

  @Test
  void neverLocksThroughALinkNorAnythingButAFile() throws IOException {
    var link = new Lease.Ofd(directory.resolve("link"), LeaseMode.EXCLUSIVE);
    Files.createSymbolicLink(link.path(), lease.path());
    var folder = new Lease.Ofd(directory, LeaseMode.EXCLUSIVE);
    var device = new Lease.Ofd(Path.of("/dev/null"), LeaseMode.EXCLUSIVE);
    var nowhere = new Lease.Ofd(directory.resolve("missing/lock"), LeaseMode.EXCLUSIVE);

    for (Lease.Ofd wrong : List.of(link, folder, device, nowhere)) {
      assertRefused(FailureCode.LEASE_STORAGE, () -> client.acquireLeases(machine, List.of(wrong)));
    }
    assertThat(lease.path()).doesNotExist();
  }

  @Test
  void theProcessHoldsTheLockBesideTheKeeperAndReleaseWaitsForItsEnd() throws IOException {
    client.acquireLeases(machine, List.of(lease));
    ProcessState process =
        keepers.launch(machines.launch(machine, Tie.INDEPENDENT, "/bin/sleep", "600"));

    assertThat(Files.readSymbolicLink(Path.of("/proc/" + process.pid() + "/fd/3")))
        .isEqualTo(lease.path());
    try (var descriptors = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
      assertThat(descriptors).hasSize(4);
    }
    assertRefused(FailureCode.STILL_RUNNING, () -> client.releaseLeases(machine, false));

    client.signal(machine, ProcessSignal.KILL);
    listener.awaitExit(machine);
    assertRefused(FailureCode.LEASE_HELD, () -> otherClient.acquireLeases(other, List.of(lease)));
    assertThat(client.releaseLeases(machine, false)).hasSize(1);
    assertThat(otherClient.acquireLeases(other, List.of(lease))).hasSize(1);
  }

  @Test
  void aPausedMachineGivesItsLockAwayAndTakesItBackForTheSameProcess() throws IOException {
    client.acquireLeases(machine, List.of(lease));
    ProcessState process =
        keepers.launch(machines.launch(machine, Tie.INDEPENDENT, "/bin/sleep", "600"));
    client.signal(machine, ProcessSignal.STOP);

    assertThat(client.releaseLeases(machine, true)).hasSize(1);
    assertThat(otherClient.acquireLeases(other, List.of(lease))).hasSize(1);
    assertRefused(FailureCode.LEASE_HELD, () -> client.acquireLeases(machine, List.of(lease)));
    otherClient.releaseLeases(other, false);
    client.acquireLeases(machine, List.of(lease));

    assertThat(
            Files.readAllLines(Path.of("/proc/" + process.pid() + "/fdinfo/3")).stream()
                .filter(line -> line.contains("OFDLCK")))
        .hasSize(1);
    assertRefused(FailureCode.LEASE_HELD, () -> otherClient.acquireLeases(other, List.of(lease)));
  }

  @Test
  void aLockThatARunningProcessDoesNotHaveIsOnlyForOneThatDiesWithTheKeeper() throws IOException {
    keepers.launch(machines.launch(machine, Tie.INDEPENDENT, "/bin/sleep", "600"));
    keepers.launch(machines.launch(other, Tie.KEEPER_LIFE, "/bin/sleep", "600"));

    assertRefused(
        FailureCode.FENCING_UNAVAILABLE, () -> client.acquireLeases(machine, List.of(lease)));
    assertThat(client.acquireLeases(other, List.of(lease))).hasSize(1);
  }

  @Test
  void theLockLivesOnWithQemuWhenTheKeeperIsKilledAndTheNextKeeperFindsIt() throws IOException {
    assumeTrue(Files.isExecutable(Machines.QEMU), "no " + Machines.QEMU);
    try (var third = new Machines(Files.createDirectory(directory.resolve("three")))) {
      ProcessHandle keeper = third.startKeeper();
      ProcessState process;
      try (KeeperClient doomed = third.connect(new RecordingListener())) {
        doomed.acquireLeases(machine, List.of(lease));
        process = doomed.launch(third.qemu(machine, Tie.INDEPENDENT));
        third.track(process);
        third.awaitReady(machine, process);
        keeper.destroyForcibly();
        Awaitility.await().until(() -> !Machines.runs(keeper));
      }
      assertRefused(FailureCode.LEASE_HELD, () -> otherClient.acquireLeases(other, List.of(lease)));

      var adopt = new Request.Adopt(machine, process.pid(), third.pidFile(machine), null);
      ProcessHandle next = third.startKeeper();
      try (KeeperClient adopting = third.connect(new RecordingListener())) {
        adopting.adopt(adopt);
        adopting.adopt(adopt);
        assertThat(adopting.listLeases())
            .singleElement()
            .satisfies(
                found -> {
                  assertThat(found.machineId()).isEqualTo(machine);
                  assertThat(found.held()).extracting(HeldLease::lease).containsExactly(lease);
                });
        adopting.releaseLeases(machine, true);
        assertThat(otherClient.acquireLeases(other, List.of(lease))).hasSize(1);
        otherClient.releaseLeases(other, false);
        next.destroyForcibly();
        Awaitility.await().until(() -> !Machines.runs(next));
      }

      // The last keeper finds a description without a lock, and locks that.
      third.startKeeper();
      var heard = new RecordingListener();
      try (KeeperClient adopting = third.connect(heard)) {
        adopting.adopt(adopt);
        assertThat(adopting.listLeases()).isEmpty();
        adopting.acquireLeases(machine, List.of(lease));
        assertRefused(
            FailureCode.LEASE_HELD, () -> otherClient.acquireLeases(other, List.of(lease)));
        adopting.signal(machine, ProcessSignal.TERM);
        heard.awaitExit(machine);
        adopting.releaseLeases(machine, false);
        assertThat(otherClient.acquireLeases(other, List.of(lease))).hasSize(1);
      }
    }
  }
}
