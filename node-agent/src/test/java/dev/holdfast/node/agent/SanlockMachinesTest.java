package dev.holdfast.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolSpec;
import dev.holdfast.crds.storage.StoragePoolStatus;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.plan.Action.LeaseOfDisk;
import dev.holdfast.node.plan.HostLeases.Lockspace;
import dev.holdfast.node.plan.Scenarios;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Machines whose disks have leases in sanlock's format, with I/O timeouts of one second. */
class SanlockMachinesTest extends LeasedMachines {
  private static final String LOCKSPACE = "shared";

  private RealNode first;
  private RealNode second;

  @BeforeEach
  void startTwoNodesOnOnePool() throws Exception {
    StoragePool pool = new StoragePool();
    pool.setMetadata(new ObjectMetaBuilder().withName("shared").build());
    pool.setSpec(
        new StoragePoolSpec(
            new StoragePoolSpec.Dir(directory.resolve("pool").toString(), true),
            new StoragePoolSpec.Leases(
                StoragePoolSpec.Backend.SANLOCK,
                1,
                StoragePoolSpec.Takeover.NONE,
                512,
                1,
                LOCKSPACE),
            null));
    client.resource(pool).create();
    client
        .resource(pool)
        .editStatus(
            p -> {
              p.setStatus(
                  new StoragePoolStatus(
                      null,
                      null,
                      new StoragePoolStatus.Lockspace(LOCKSPACE, lockspacePath(), 0),
                      List.of(
                          new StoragePoolStatus.Host("a", 1), new StoragePoolStatus.Host("b", 2)),
                      null));
              return p;
            });
    first = node("a");
    second = node("b");
    VirtualDiskInstance disk = new VirtualDiskInstance();
    disk.setMetadata(
        new ObjectMetaBuilder()
            .withName("data")
            .withNamespace("default")
            .withFinalizers(Holdfast.NODE_AGENT_FINALIZER)
            .build());
    disk.setSpec(
        new VirtualDiskInstanceSpec(
            "a",
            "shared",
            directory.resolve("pool").toString(),
            image(renewed()).toString(),
            1 << 20,
            DiskFormat.RAW,
            ReclaimPolicy.RETAIN,
            AccessMode.EXCLUSIVE,
            null,
            new VirtualDiskInstanceSpec.Lease(
                LeaseBackend.SANLOCK, LOCKSPACE, "data", lockspacePath(), 3L << 20)));
    client.resource(disk).create();
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(NullPointerException.class)
        .until(
            () ->
                Condition.isTrue(
                    client.resource(disk).get().getStatus().conditions(), Condition.READY));
    awaitLive(first);
    awaitLive(second);
  }

  private static void awaitLive(RealNode node) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(node.leases().leases().lockspaces().get(LOCKSPACE))
                    .matches(joined -> joined != null && joined.isLive(), "is live"));
  }

  private String lockspacePath() {
    return directory.resolve("pool/leases/" + LOCKSPACE).toString();
  }

  private Lease renewed() {
    return new Lease(
        LeaseBackend.SANLOCK, LeaseMode.EXCLUSIVE, LOCKSPACE, "data", lockspacePath(), 3L << 20);
  }

  private static VirtualMachineInstanceStatus.HeldLease lease(VirtualMachineInstanceStatus status) {
    assertThat(status.leasesOrEmpty()).hasSize(1);
    return status.leasesOrEmpty().getFirst();
  }

  @Test
  void handsADiskFromHostToHostAndNamesTheOneThatHasIt() throws Exception {
    VirtualMachineInstance one = create(1, "a", renewed());
    VirtualMachineInstanceStatus status = awaitReady(one, "Running");
    assertThat(lease(status).hostId()).isEqualTo(1);
    assertThat(leasesHeld(one)).isEqualTo("True Held");
    VirtualMachineInstance two = create(2, "b", renewed());

    awaitReady(two, LeaseHost.DISK_HELD);
    assertThat(Objects.requireNonNull(Condition.find(status(two).conditions(), Condition.READY)))
        .satisfies(
            ready -> assertThat(ready.message()).contains("disk data", "host a.", "host id 1"));
    assertThat(second.machines().machines()).isEmpty();

    delete(one);
    long freed = System.nanoTime();
    VirtualMachineInstanceStatus taken = awaitReady(two, "Running");
    System.out.printf(
        "Taken over %d ms after it was given back.%n", (System.nanoTime() - freed) / 1_000_000);
    assertThat(lease(taken).hostId()).isEqualTo(2);
    assertThat(lease(taken).version()).isGreaterThan(lease(status).version());
  }

  @Test
  void pausedGuestGoesOnIfNobodyElseHadItsDiskAndNeverOtherwise() throws Exception {
    VirtualMachineInstance one = create(1, "a", renewed());
    VirtualMachineInstanceStatus before = awaitReady(one, "Running");

    pause(one, true);
    awaitReady(one, "Paused");
    await().atMost(PATIENCE).until(() -> leasesHeld(one).equals("False GivenBackWhilePaused"));
    assertThat(lease(status(one)).version()).isEqualTo(lease(before).version());
    pause(one, false);
    VirtualMachineInstanceStatus again = awaitReady(one, "Running");
    assertThat(again.processId()).isEqualTo(before.processId());
    assertThat(lease(again).version()).isGreaterThan(lease(before).version());

    pause(one, true);
    awaitReady(one, "Paused");
    second.leases().acquire(Scenarios.uuid(2), List.of(new LeaseOfDisk("data", renewed(), null)));
    pause(one, false);
    awaitReady(one, LeaseHost.VERSION_MISMATCH);
    second.leases().release(Scenarios.uuid(2), false);
    first.restartAgent(client);
    pause(one, true);
    pause(one, false);
    // The status from before the pause may still say so, until both changes were seen.
    await().atMost(PATIENCE).until(() -> leasesHeld(one).equals("False LeaseVersionMismatch"));
    awaitReady(one, LeaseHost.VERSION_MISMATCH);
    delete(one);
    assertThat(first.machines().machines()).isEmpty();
  }

  @Test
  void guestEndsWithItsKeeperAndStartsAgainUnderANewOne() throws Exception {
    VirtualMachineInstance one = create(1, "a", renewed());
    VirtualMachineInstanceStatus before = awaitReady(one, "Running");
    ProcessHandle keeper = first.keeper();

    assertThat(keeper.destroyForcibly()).isTrue();
    keeper.onExit().join();

    await().atMost(PATIENCE).until(() -> Integer.valueOf(1).equals(status(one).restarts()));
    VirtualMachineInstanceStatus after = awaitReady(one, "Running");
    assertThat(after.processId()).isNotEqualTo(before.processId());
    assertThat(lease(after).version()).isGreaterThan(lease(before).version());
    Lockspace joined = first.leases().leases().lockspaces().get(LOCKSPACE);
    assertThat(Objects.requireNonNull(joined).generation()).isEqualTo(2);
  }

  @Test
  void startWithALeaseTakesHardlyLonger() throws Exception {
    List<Long> with = new ArrayList<>();
    List<Long> without = new ArrayList<>();
    for (int run = -3; run < 15; run++) { // those before 0 warm up
      long plain = start(2, null);
      long leased = start(1, renewed());
      if (run >= 0) {
        without.add(plain);
        with.add(leased);
      }
    }
    System.out.printf(
        "Start to Running: %d ms without a lease, %d ms with one of sanlock's.%n",
        median(without), median(with));
    assertThat(median(with) - median(without)).as("ms more with a lease").isLessThan(500);
  }
}
