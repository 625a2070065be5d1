package dev.holdfast.node.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.Lease;
import dev.holdfast.crds.machine.VirtualMachineInstanceSpec.LeaseMode;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.plan.Action.LeaseOfDisk;
import dev.holdfast.node.plan.HostLeases.Held;
import dev.holdfast.node.plan.HostLeases.LockspaceDefinition;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every {@link LeaseHost} must do, simulated or real, with two hosts on one storage. */
public abstract class LeaseHostContract {
  private static final String ONE = new UUID(0x1ea5e_0000_4000L, 0x8000_0000_0000_0001L).toString();
  private static final String TWO = new UUID(0x1ea5e_0000_4000L, 0x8000_0000_0000_0002L).toString();
  private static final String LOCKSPACE = "shared";

  /** The first host, the same for the whole of one test. */
  protected abstract LeaseHost here() throws Exception;

  /** The second one. */
  protected abstract LeaseHost there() throws Exception;

  /** Absolute path of a directory that both hosts see. */
  protected abstract String directory();

  /** Lets time pass until a lockspace that is being joined is live. */
  protected abstract void passTime();

  private Lease ofd(String name, LeaseMode mode) {
    return new Lease(LeaseBackend.OFD, mode, null, null, directory() + "/" + name + ".lock", null);
  }

  private Lease sanlock(int number, LeaseMode mode) {
    return new Lease(
        LeaseBackend.SANLOCK,
        mode,
        LOCKSPACE,
        "disk-" + number,
        directory() + "/" + LOCKSPACE,
        (2L + number) << 20);
  }

  private LockspaceDefinition lockspace(int hostId) {
    return new LockspaceDefinition(
        LOCKSPACE, directory() + "/" + LOCKSPACE, 0, hostId, "host-" + hostId, 1, 512, 1);
  }

  private void join(LeaseHost host, int hostId) throws Exception {
    host.formatLockspace(lockspace(hostId));
    host.joinLockspace(lockspace(hostId));
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () -> {
              passTime();
              assertThat(host.leases().lockspaces().get(LOCKSPACE))
                  .matches(joined -> joined != null && joined.isLive(), "is live");
            });
  }

  private static void format(LeaseHost host, Lease lease) throws HostException {
    host.formatLease(
        new VirtualDiskInstanceSpec.Lease(
            lease.backend(), lease.lockspace(), lease.resource(), lease.path(), lease.offset()));
  }

  private static void acquire(LeaseHost host, String machine, Lease... leases)
      throws HostException {
    host.acquire(
        machine,
        List.of(leases).stream().map(lease -> new LeaseOfDisk("data", lease, null)).toList());
  }

  private static void acquire(LeaseHost host, String machine, Lease lease, @Nullable Long version)
      throws HostException {
    host.acquire(machine, List.of(new LeaseOfDisk("data", lease, version)));
  }

  private static Held held(LeaseHost host, String machine) throws HostException {
    List<Held> all = host.leases().of(machine);
    assertThat(all).hasSize(1);
    return all.getFirst();
  }

  private static long version(LeaseHost host, String machine) throws HostException {
    Long version = held(host, machine).version();
    return version == null ? -1 : version;
  }

  private static void assertRefused(String reason, String words, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason))
        .hasMessageContaining(words);
  }

  @Test
  void holdsWhatWasAcquiredUntilItIsReleased() throws Exception {
    Lease lease = ofd("a", LeaseMode.EXCLUSIVE);
    acquire(here(), ONE, lease);
    acquire(here(), ONE, lease);

    assertThat(held(here(), ONE).lease()).isEqualTo(lease);
    here().refresh();
    assertThat(here().leases().holds(ONE, lease)).isTrue();

    here().release(ONE, false);
    here().release(ONE, false);
    assertThat(here().leases().held()).isEmpty();
    here().refresh();
    assertThat(here().leases().held()).isEmpty();
  }

  @Test
  void refusesWhatAnotherMachineHoldsAndTakesNothing() throws Exception {
    Lease wanted = ofd("b", LeaseMode.EXCLUSIVE);
    acquire(here(), ONE, wanted);

    assertRefused(
        LeaseHost.DISK_HELD,
        "data",
        () -> acquire(here(), TWO, ofd("free", LeaseMode.EXCLUSIVE), wanted));
    assertRefused(LeaseHost.DISK_HELD, "data", () -> acquire(there(), TWO, wanted));
    assertThat(here().leases().of(TWO)).isEmpty();
    acquire(there(), TWO, ofd("free", LeaseMode.EXCLUSIVE));

    here().release(ONE, false);
    acquire(there(), TWO, wanted);
    assertThat(there().leases().of(TWO)).hasSize(2);
  }

  @Test
  void letsMachinesShare() throws Exception {
    acquire(here(), ONE, ofd("c", LeaseMode.SHARED));
    acquire(here(), TWO, ofd("c", LeaseMode.SHARED));
    acquire(there(), TWO, ofd("c", LeaseMode.SHARED));

    here().release(ONE, false);
    assertRefused(
        LeaseHost.DISK_HELD, "data", () -> acquire(here(), ONE, ofd("c", LeaseMode.EXCLUSIVE)));
  }

  @Test
  void refusesLeasesOfALockspaceThatIsNotJoined() throws Exception {
    assertRefused(
        LeaseHost.LOCKSPACE_NOT_READY,
        LOCKSPACE,
        () -> acquire(here(), ONE, sanlock(1, LeaseMode.EXCLUSIVE)));
    here().leaveLockspace(LOCKSPACE);
    assertThat(here().leases().lockspaces()).isEmpty();
  }

  @Test
  void handsALeaseFromHostToHostWithAVersionForEachAcquisition() throws Exception {
    Lease lease = sanlock(1, LeaseMode.EXCLUSIVE);
    join(here(), 1);
    join(there(), 2);
    here().joinLockspace(lockspace(1));
    assertThat(here().leases().lockspaces().get(LOCKSPACE))
        .satisfies(joined -> assertThat(joined.definition()).isEqualTo(lockspace(1)))
        .satisfies(joined -> assertThat(joined.generation()).isEqualTo(1));
    format(here(), lease);
    format(there(), lease);

    acquire(here(), ONE, lease);
    long first = version(here(), ONE);
    assertThat(held(here(), ONE).hostId()).isEqualTo(1);
    assertRefused(LeaseHost.DISK_HELD, "data", () -> acquire(there(), TWO, lease));
    here().release(ONE, false);

    acquire(here(), ONE, lease, first);
    long second = version(here(), ONE);
    assertThat(second).isGreaterThan(first);
    here().release(ONE, false);

    acquire(there(), TWO, lease);
    assertThat(version(there(), TWO)).isGreaterThan(second);
    there().release(TWO, false);
    assertRefused(LeaseHost.VERSION_MISMATCH, "", () -> acquire(here(), ONE, lease, second));
    assertThat(here().leases().held()).isEmpty();
  }

  @Test
  void leavesALockspaceOnlyWhenNothingIsHeldInIt() throws Exception {
    Lease lease = sanlock(1, LeaseMode.EXCLUSIVE);
    join(here(), 1);
    format(here(), lease);
    acquire(here(), ONE, lease);

    assertRefused("LockspaceInUse", LOCKSPACE, () -> here().leaveLockspace(LOCKSPACE));
    assertRefused("LockspaceMismatch", LOCKSPACE, () -> here().joinLockspace(lockspace(3)));

    here().release(ONE, false);
    here().leaveLockspace(LOCKSPACE);
    assertThat(here().leases().lockspaces()).isEmpty();
    join(here(), 1);
  }
}
