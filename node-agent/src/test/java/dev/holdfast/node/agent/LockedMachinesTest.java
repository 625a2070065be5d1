package dev.holdfast.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.node.host.LeaseHost;
import dev.holdfast.node.plan.Scenarios;
import io.fabric8.kubernetes.client.Watch;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Machines whose disks have leases of the kind ofd. */
class LockedMachinesTest extends LeasedMachines {
  @Test
  void machineHoldsItsLockFromStartToEndAndThroughAPause() throws Exception {
    RealNode node = node("a");
    VirtualMachineInstance machine = create(1, "a", locked(1));

    VirtualMachineInstanceStatus status = awaitReady(machine, "Running");
    assertThat(status.leasesOrEmpty())
        .singleElement()
        .satisfies(lease -> assertThat(lease.disk()).isEqualTo("data"));
    assertThat(leasesHeld(machine)).isEqualTo("True Held");
    assertThat(node.leases().leases().of(Scenarios.uuid(1))).hasSize(1);

    pause(machine, true);
    awaitReady(machine, "Paused");
    assertThat(leasesHeld(machine))
        .as("a lock has no version, so it is kept")
        .isEqualTo("True Held");
    pause(machine, false);
    assertThat(awaitReady(machine, "Running").processId()).isEqualTo(status.processId());

    delete(machine);
    assertThat(node.leases().leases().held()).isEmpty();
    node.leases().refresh();
    assertThat(node.leases().leases().held()).isEmpty();
  }

  @Test
  void machineWhoseDiskAnotherHostHasWaitsForItAndStartsWithinSecondsWhenItIsFree()
      throws Exception {
    RealNode first = node("a");
    RealNode second = node("b");
    VirtualMachineInstance one = create(1, "a", locked(1));
    awaitReady(one, "Running");
    VirtualMachineInstance two = create(2, "b", locked(1));

    awaitReady(two, LeaseHost.DISK_HELD);
    assertThat(leasesHeld(two)).isEqualTo("False DiskHeld");
    assertThat(second.machines().machines()).isEmpty();
    assertThat(first.machines().machines()).hasSize(1);

    delete(one);
    long freed = System.nanoTime();
    awaitReady(two, "Running");
    long millis = (System.nanoTime() - freed) / 1_000_000;
    System.out.printf("Taken over %d ms after it was given back.%n", millis);
    assertThat(millis).isLessThan(10_000);
    assertThat(leasesHeld(two)).isEqualTo("True Held");
  }

  @Test
  void guestRunsOnAndKeepsItsLockWhenTheAgentAndThenTheKeeperIsReplaced() throws Exception {
    RealNode node = node("a");
    VirtualMachineInstance machine = create(1, "a", locked(1));
    Long process = awaitReady(machine, "Running").processId();

    node.restartAgent(client);
    ProcessHandle keeper = node.keeper();
    assertThat(keeper.destroyForcibly()).isTrue();
    keeper.onExit().join();

    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(node.leases().leases().of(Scenarios.uuid(1))).hasSize(1));
    VirtualMachineInstanceStatus status = awaitReady(machine, "Running");
    assertThat(status.processId()).isEqualTo(process);
    assertThat(status.restarts()).isZero();
    RealNode other = node("b");
    awaitReady(create(2, "b", locked(1)), LeaseHost.DISK_HELD);
    assertThat(other.machines().machines()).isEmpty();
  }

  @Test
  void machinesThatShareADiskRunSideBySideOnOneHostAndOnTwo() throws Exception {
    RealNode first = node("a");
    RealNode second = node("b");
    Lease shared =
        new Lease(
            LeaseBackend.OFD, LeaseMode.SHARED, null, null, locked(1).path(), locked(1).offset());

    awaitReady(create(1, "a", shared, 80_001), "Running");
    awaitReady(create(2, "a", shared, 80_001), "Running");
    awaitReady(create(3, "b", shared, 80_001), "Running");
    RealNode third = node("c");
    awaitReady(create(4, "c", locked(1)), LeaseHost.DISK_HELD);

    assertThat(third.machines().machines()).isEmpty();
    assertThat(first.leases().leases().held()).hasSize(2);
    assertThat(second.leases().leases().held()).hasSize(1);
  }

  @Test
  void startWithALeaseTakesHardlyLongerAndNoMoreWrites() throws Exception {
    RealNode ignored = node("a");
    List<Long> with = new ArrayList<>();
    List<Long> without = new ArrayList<>();
    int writes = Integer.MAX_VALUE;
    AtomicInteger modified = new AtomicInteger();
    try (Watch watch = counting(modified)) {
      for (int run = -3; run < 15; run++) { // those before 0 warm up
        long plain = start(2, null);
        modified.set(0);
        long leased = start(1, locked(1));
        writes = Math.min(writes, modified.get());
        if (run >= 0) {
          without.add(plain);
          with.add(leased);
        }
      }
      assertThat(watch).isNotNull();
    }
    long difference = median(with) - median(without);
    System.out.printf(
        "Start to Running: %d ms without a lease, %d ms with one; %d status writes.%n",
        median(without), median(with), writes);
    assertThat(difference).as("ms more with a lease").isLessThan(200);
    assertThat(writes).as("writes of the status").isLessThanOrEqualTo(2);
  }
}
