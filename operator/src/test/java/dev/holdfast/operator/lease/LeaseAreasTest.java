package dev.holdfast.operator.lease;

import static org.assertj.core.api.Assertions.assertThat;

import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolSpec;
import dev.holdfast.crds.storage.StoragePoolSpec.Backend;
import dev.holdfast.crds.storage.StoragePoolSpec.Leases;
import dev.holdfast.crds.storage.StoragePoolSpec.Takeover;
import dev.holdfast.crds.storage.StoragePoolStatus;
import dev.holdfast.crds.storage.StoragePoolStatus.Lockspace;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec.Lease;
import dev.holdfast.crds.storage.VirtualDiskSpec;
import dev.holdfast.crds.storage.VirtualDiskSpec.ManualLease;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.lease.LeaseAreas.Assignment;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeaseAreasTest {
  private static final long MEBIBYTE = 1L << 20;
  private static final Identity IDENTITY = new Identity("cluster-1");
  private static final Lockspace LOCKSPACE = new Lockspace("ls", "/pool/leases/ls", 0);

  @Test
  void aDiskOfASanlockPoolGetsTheLowestFreeAreaAfterThoseThatAreKeptFree() {
    Lease first = assigned(pool(Backend.SANLOCK, 1, LOCKSPACE), Set.of());
    assertThat(first.backend()).isEqualTo(LeaseBackend.SANLOCK);
    assertThat(first.lockspace()).isEqualTo("ls");
    assertThat(first.path()).isEqualTo("/pool/leases/ls");
    assertThat(first.offset()).isEqualTo(3 * MEBIBYTE);

    assertThat(
            assigned(
                    pool(Backend.SANLOCK, 8, LOCKSPACE), Set.of(3 * 8 * MEBIBYTE, 5 * 8 * MEBIBYTE))
                .offset())
        .isEqualTo(4 * 8 * MEBIBYTE);
  }

  @Test
  void anAreaHasTheSameNameWhicheverDiskHasItAndNoOtherAreaHasIt() {
    StoragePool pool = pool(Backend.SANLOCK, 1, LOCKSPACE);
    String first = assigned(pool, Set.of()).resource();

    assertThat(assigned(pool, Set.of()).resource()).isEqualTo(first);
    assertThat(assigned(pool, Set.of(3 * MEBIBYTE)).resource()).isNotEqualTo(first);
    assertThat(
            assigned(
                    pool(Backend.SANLOCK, 1, new Lockspace("other", "/pool/leases/other", 0)),
                    Set.of())
                .resource())
        .isNotEqualTo(first);
    assertThat(new Identity("cluster-2").leaseResource("ls", 1)).isNotEqualTo(first);
    assertThat(IDENTITY.leaseResource("ls", Integer.MAX_VALUE)).hasSizeLessThanOrEqualTo(48);
  }

  @Test
  void aDiskOfAnOrdinaryPoolHasALockFileAndOneWithoutLeasesNothing() {
    Lease lease = assigned(pool(Backend.OFD, 1, null), Set.of());
    assertThat(lease)
        .isEqualTo(new Lease(LeaseBackend.OFD, null, null, "/pool/leases/default/data.lock", null));
    assertThat(LeaseAreas.assign(disk(null), pool(Backend.NONE, 1, null), Set.of(), IDENTITY))
        .isEqualTo(new Assignment.Assigned(null));
  }

  @Test
  void withoutALockspaceThereIsNoLease() {
    assertThat(refusal(disk(null), pool(Backend.SANLOCK, 1, null))).contains("no lockspace yet");
  }

  @Test
  void aLeaseThatTheUserChoseIsTakenAsItIs() {
    ManualLease manual = new ManualLease("ls", "vm-disk", "/pool/leases/theirs", 5 * MEBIBYTE);

    assertThat(
            LeaseAreas.assign(
                disk(manual), pool(Backend.SANLOCK, 1, LOCKSPACE), Set.of(), IDENTITY))
        .isEqualTo(
            new Assignment.Assigned(
                new Lease(
                    LeaseBackend.SANLOCK, "ls", "vm-disk", "/pool/leases/theirs", 5 * MEBIBYTE)));
  }

  @ParameterizedTest
  @CsvSource({
    "other, /pool/leases/theirs, 0, the lockspace of StoragePool shared is ls",
    "ls, /etc/shadow, 0, does not lie in /pool/leases/",
    "ls, /pool/disks/default/data.raw, 0, does not lie in /pool/leases/",
    "ls, /pool/leases/ls, 104857600, take a file of its own",
    "ls, /pool/leases/theirs, 1048576, no multiple of 2 MiB",
  })
  void aLeaseThatCannotBeTheDisksIsRefused(String lockspace, String path, long offset, String why) {
    ManualLease manual = new ManualLease(lockspace, "vm-disk", path, offset);

    assertThat(refusal(disk(manual), pool(Backend.SANLOCK, 2, LOCKSPACE))).contains(why);
  }

  @Test
  void aChosenLeaseNeedsAPoolWithSanlock() {
    ManualLease manual = new ManualLease("ls", "vm-disk", "/pool/leases/theirs", 0);

    assertThat(refusal(disk(manual), pool(Backend.OFD, 1, null))).contains("not of sanlock");
    assertThat(refusal(disk(manual), pool(Backend.NONE, 1, null))).contains("not of sanlock");
  }

  @Test
  void ofTwoPoolsWithOneLockspaceTheOlderOneHasIt() {
    StoragePool older = pool(Backend.SANLOCK, 1, null);
    StoragePool younger = pool(Backend.SANLOCK, 1, null);
    younger.getMetadata().setName("another");
    younger.getMetadata().setCreationTimestamp("2026-01-02T03:04:06Z");
    List<StoragePool> all = List.of(younger, older, pool(Backend.OFD, 1, null));

    assertThat(PoolLockspace.of(older, all)).isEqualTo(new PoolLockspace.Own(LOCKSPACE));
    assertThat(PoolLockspace.of(younger, all)).isEqualTo(new PoolLockspace.TakenBy("ls", "shared"));
    assertThat(PoolLockspace.of(pool(Backend.OFD, 1, null), all))
        .isEqualTo(new PoolLockspace.None());
  }

  private static Lease assigned(StoragePool pool, Set<Long> taken) {
    Assignment assignment = LeaseAreas.assign(disk(null), pool, taken, IDENTITY);
    return Objects.requireNonNull(((Assignment.Assigned) assignment).lease());
  }

  private static String refusal(VirtualDisk disk, StoragePool pool) {
    Assignment assignment = LeaseAreas.assign(disk, pool, Set.of(), IDENTITY);
    return ((Assignment.Refused) assignment).message();
  }

  private static VirtualDisk disk(@Nullable ManualLease lease) {
    VirtualDisk disk = new VirtualDisk();
    disk.setMetadata(new ObjectMetaBuilder().withName("data").withNamespace("default").build());
    disk.setSpec(
        new VirtualDiskSpec(
            "shared",
            new Quantity("1Gi"),
            DiskFormat.RAW,
            ReclaimPolicy.RETAIN,
            AccessMode.EXCLUSIVE,
            lease));
    return disk;
  }

  private static StoragePool pool(
      Backend backend, int alignMebibytes, @Nullable Lockspace lockspace) {
    StoragePool pool = new StoragePool();
    pool.setMetadata(
        new ObjectMetaBuilder()
            .withName("shared")
            .withCreationTimestamp("2026-01-02T03:04:05Z")
            .build());
    pool.setSpec(
        new StoragePoolSpec(
            new StoragePoolSpec.Dir("/pool", true),
            new Leases(backend, 10, Takeover.NONE, 4096, alignMebibytes, "ls"),
            null));
    pool.setStatus(new StoragePoolStatus(1L, 0, lockspace, null, null));
    return pool;
  }
}
