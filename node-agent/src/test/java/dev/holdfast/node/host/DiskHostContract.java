package dev.holdfast.node.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.plan.HostState.Image;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every {@link DiskHost} must do, simulated or real. */
public abstract class DiskHostContract {
  private static final long CAPACITY = 64L << 20;
  private static final int USER = 61234;

  /** The same host for the whole of one test. */
  protected abstract DiskHost host();

  /** Absolute path of a pool that is empty when a test begins; its parents exist. */
  protected abstract String pool();

  /** Lets somebody else put a file that is no disk image at a path in the prepared pool. */
  protected abstract void putForeignFile(String path) throws Exception;

  protected VirtualDiskInstanceSpec disk(String name, DiskFormat format, long capacityBytes) {
    return new VirtualDiskInstanceSpec(
        "node",
        "pool",
        pool(),
        pool() + "/disks/default/" + name + "." + format.qemuName(),
        capacityBytes,
        format,
        ReclaimPolicy.DELETE,
        AccessMode.EXCLUSIVE,
        null,
        null);
  }

  protected static void assertRefused(String reason, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).as(e.getMessage()).isEqualTo(reason));
  }

  @Test
  void preparesAPoolAsOftenAsItIsAsked() throws Exception {
    assertThat(host().preparePool(pool())).isPositive();
    assertThat(host().preparePool(pool())).isPositive();
  }

  @Test
  void seesNoImageWhereNoneIs() throws Exception {
    host().preparePool(pool());

    assertThat(host().inspect(disk("a", DiskFormat.QCOW2, CAPACITY).path()))
        .isEqualTo(new Image.Absent());
  }

  @ParameterizedTest
  @EnumSource(DiskFormat.class)
  void makesAnImageThatBelongsToRoot(DiskFormat format) throws Exception {
    host().preparePool(pool());
    VirtualDiskInstanceSpec disk = disk("a", format, CAPACITY);

    host().create(disk);

    assertThat(host().inspect(disk.path())).isEqualTo(new Image.Present(format, CAPACITY, 0));
  }

  @ParameterizedTest
  @EnumSource(DiskFormat.class)
  void adoptsAnImageThatIsAlreadyThere(DiskFormat format) throws Exception {
    host().preparePool(pool());
    VirtualDiskInstanceSpec disk = disk("a", format, CAPACITY);
    host().create(disk);
    host().setOwner(disk.path(), USER);

    host().create(disk);

    assertThat(host().inspect(disk.path())).isEqualTo(new Image.Present(format, CAPACITY, USER));
  }

  @ParameterizedTest
  @EnumSource(DiskFormat.class)
  void refusesToMakeAnImageOverOneOfAnotherCapacity(DiskFormat format) throws Exception {
    host().preparePool(pool());
    VirtualDiskInstanceSpec disk = disk("a", format, CAPACITY);
    host().create(disk);

    assertRefused("ImageConflict", () -> host().create(disk("a", format, 2 * CAPACITY)));

    assertThat(host().inspect(disk.path())).isEqualTo(new Image.Present(format, CAPACITY, 0));
  }

  @ParameterizedTest
  @EnumSource(DiskFormat.class)
  void roundsACapacityUpToWholeSectors(DiskFormat format) throws Exception {
    host().preparePool(pool());
    VirtualDiskInstanceSpec disk = disk("a", format, CAPACITY - 100);

    host().create(disk);
    host().create(disk);

    assertThat(host().inspect(disk.path())).isEqualTo(new Image.Present(format, CAPACITY, 0));
  }

  @Test
  void refusesToMakeAnImageOverSomethingElse() throws Exception {
    host().preparePool(pool());
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.QCOW2, CAPACITY);
    putForeignFile(disk.path());

    assertRefused("ImageConflict", () -> host().create(disk));

    assertThat(host().inspect(disk.path())).isInstanceOf(Image.Unusable.class);
  }

  @Test
  void refusesAPathOutsideOfThePool() throws Exception {
    host().preparePool(pool());
    for (String path : new String[] {pool() + "-other/a.raw", pool() + "/disks/../../a.raw"}) {
      VirtualDiskInstanceSpec disk =
          new VirtualDiskInstanceSpec(
              "node",
              "pool",
              pool(),
              path,
              CAPACITY,
              DiskFormat.RAW,
              ReclaimPolicy.DELETE,
              AccessMode.EXCLUSIVE,
              null,
              null);

      assertRefused("PathEscapesPool", () -> host().create(disk));
      assertRefused("PathEscapesPool", () -> host().delete(disk));
    }
  }

  @Test
  void givesAnImageToAUserAndBackToRoot() throws Exception {
    host().preparePool(pool());
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.QCOW2, CAPACITY);
    host().create(disk);

    host().setOwner(disk.path(), USER);
    host().setOwner(disk.path(), USER);
    assertThat(host().inspect(disk.path()))
        .isEqualTo(new Image.Present(DiskFormat.QCOW2, CAPACITY, USER));

    host().setOwner(disk.path(), 0);
    assertThat(host().inspect(disk.path()))
        .isEqualTo(new Image.Present(DiskFormat.QCOW2, CAPACITY, 0));
  }

  @Test
  void cannotGiveAwayAnImageThatIsNotThereButTakesItBack() throws Exception {
    host().preparePool(pool());
    String path = disk("a", DiskFormat.QCOW2, CAPACITY).path();

    assertRefused("ImageMissing", () -> host().setOwner(path, USER));
    host().setOwner(path, 0);

    assertThat(host().inspect(path)).isEqualTo(new Image.Absent());
  }

  @Test
  void deletesAnImageAsOftenAsItIsAsked() throws Exception {
    host().preparePool(pool());
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.QCOW2, CAPACITY);
    VirtualDiskInstanceSpec other = disk("b", DiskFormat.RAW, CAPACITY);
    host().create(disk);
    host().create(other);

    host().delete(disk);
    host().delete(disk);

    assertThat(host().inspect(disk.path())).isEqualTo(new Image.Absent());
    assertThat(host().inspect(other.path()))
        .isEqualTo(new Image.Present(DiskFormat.RAW, CAPACITY, 0));
  }

  @Test
  void sharesAnImageWithAGroupAndTakesItBack() throws Exception {
    host().preparePool(pool());
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.RAW, CAPACITY);
    host().create(disk);

    host().share(disk.path(), USER);
    host().share(disk.path(), USER);
    assertThat(host().inspect(disk.path()))
        .isEqualTo(new Image.Present(DiskFormat.RAW, CAPACITY, 0, USER));

    host().setOwner(disk.path(), 0);
    assertThat(host().inspect(disk.path()))
        .isEqualTo(new Image.Present(DiskFormat.RAW, CAPACITY, 0));
    assertRefused("ImageMissing", () -> host().share(pool() + "/disks/none.raw", USER));
  }

  @Test
  void makesAnImageOfASharedDiskForItsGroup() throws Exception {
    host().preparePool(pool());
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.RAW, CAPACITY);
    host()
        .create(
            new VirtualDiskInstanceSpec(
                disk.nodeName(),
                disk.poolName(),
                disk.poolPath(),
                disk.path(),
                disk.capacityBytes(),
                disk.format(),
                disk.reclaimPolicy(),
                AccessMode.SHARED_READ_WRITE,
                USER,
                null));

    assertThat(host().inspect(disk.path()))
        .isEqualTo(new Image.Present(DiskFormat.RAW, CAPACITY, 0, USER));
  }
}
