package dev.holdfast.operator.lease;

import dev.holdfast.crds.storage.LeaseBackend;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolStatus;
import dev.holdfast.crds.storage.StoragePoolStatus.Lockspace;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec.Lease;
import dev.holdfast.crds.storage.VirtualDiskSpec.ManualLease;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.status.Reason;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where the lease of a disk lies. */
public final class LeaseAreas {
  private static final long MEBIBYTE = 1L << 20;

  /**
   * Area 0 is the lockspace, and sanlock keeps an index of the leases in 1 and 2 where it has one.
   */
  private static final int LAST_AREA_BEFORE_LEASES = 2;

  private LeaseAreas() {}

  /** What came of looking for a lease. */
  public sealed interface Assignment {
    /** The disk's lease; null where its pool has none. */
    record Assigned(@Nullable Lease lease) implements Assignment {}

    /** The disk cannot have one, with what to do about it. */
    record Refused(Reason reason, String message) implements Assignment {}
  }

  /**
   * The lease of a disk that has none yet.
   *
   * @param taken offsets of the leases in the pool's own file that other disks have
   */
  public static Assignment assign(
      VirtualDisk disk, StoragePool pool, Set<Long> taken, Identity identity) {
    ManualLease manual = disk.getSpec().lease();
    return switch (pool.getSpec().leases().backend()) {
      case NONE -> manual == null ? new Assignment.Assigned(null) : notSanlock(pool);
      case OFD -> manual == null ? new Assignment.Assigned(ofd(disk, pool)) : notSanlock(pool);
      case SANLOCK -> {
        StoragePoolStatus status = pool.getStatus();
        Lockspace lockspace = status == null ? null : status.lockspace();
        if (lockspace == null) {
          yield new Assignment.Refused(
              Reason.LOCKSPACE_NOT_READY,
              "StoragePool %s has no lockspace yet. Its conditions say why."
                  .formatted(pool.getMetadata().getName()));
        }
        yield manual == null
            ? new Assignment.Assigned(next(pool, lockspace, taken, identity))
            : check(manual, pool, lockspace);
      }
    };
  }

  /** The lock file of a disk. */
  public static Lease ofd(VirtualDisk disk, StoragePool pool) {
    String path =
        "%s/%s/%s.lock"
            .formatted(
                pool.getSpec().dir().leasesPath(),
                disk.getMetadata().getNamespace(),
                disk.getMetadata().getName());
    return new Lease(LeaseBackend.OFD, null, null, path, null);
  }

  // An area keeps its name when it goes from one disk to another: it is never made anew, and its
  // version only grows.
  private static Lease next(
      StoragePool pool, Lockspace lockspace, Set<Long> taken, Identity identity) {
    long align = pool.getSpec().leases().alignMebibytes() * MEBIBYTE;
    int number = 1;
    while (taken.contains(offset(number, align))) {
      number++;
    }
    return new Lease(
        LeaseBackend.SANLOCK,
        lockspace.name(),
        identity.leaseResource(lockspace.name(), number),
        lockspace.path(),
        offset(number, align));
  }

  private static long offset(int number, long align) {
    return (LAST_AREA_BEFORE_LEASES + number) * align;
  }

  private static Assignment check(ManualLease manual, StoragePool pool, Lockspace lockspace) {
    String leases = pool.getSpec().dir().leasesPath() + "/";
    int align = pool.getSpec().leases().alignMebibytes();
    if (!manual.lockspace().equals(lockspace.name())) {
      return invalid(
          "the lockspace of StoragePool %s is %s, not %s"
              .formatted(pool.getMetadata().getName(), lockspace.name(), manual.lockspace()));
    }
    // A node writes there as root: never anywhere in its file system.
    if (!manual.path().startsWith(leases)) {
      return invalid("%s does not lie in %s".formatted(manual.path(), leases));
    }
    if (manual.path().equals(lockspace.path())) {
      return invalid(
          "%s holds the lockspace and the leases that disks get by themselves; take a file of its own"
              .formatted(manual.path()));
    }
    if (manual.offset() % (align * MEBIBYTE) != 0) {
      return invalid(
          "the offset %d is no multiple of %d MiB (leases.alignMebibytes of StoragePool %s)"
              .formatted(manual.offset(), align, pool.getMetadata().getName()));
    }
    return new Assignment.Assigned(
        new Lease(
            LeaseBackend.SANLOCK,
            manual.lockspace(),
            manual.resource(),
            manual.path(),
            manual.offset()));
  }

  private static Assignment notSanlock(StoragePool pool) {
    return invalid(
        "the leases of StoragePool %s are not of sanlock".formatted(pool.getMetadata().getName()));
  }

  private static Assignment invalid(String why) {
    return new Assignment.Refused(
        Reason.LEASE_INVALID,
        "The lease of the disk cannot be used: " + why + ". Apply the disk with another one.");
  }
}
