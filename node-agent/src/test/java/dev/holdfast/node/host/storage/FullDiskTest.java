package dev.holdfast.node.host.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.command.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A pool on a file system that is as small as the test wants it. */
class FullDiskTest {
  private final DirDiskHost host = new DirDiskHost();
  @TempDir Path directory;
  private Path pool;

  @BeforeEach
  void mountSmallFileSystem() throws Exception {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    pool = Files.createDirectory(directory.resolve("pool"));
    assumeTrue(
        Command.of(
                "mount", "-t", "tmpfs", "-o", "size=4m,mode=0711", "holdfast-test", pool.toString())
            .execute()
            .succeeded(),
        "only root can mount a small file system");
  }

  @AfterEach
  void unmount() throws Exception {
    Command.of("umount", pool.toString()).execute();
  }

  private VirtualDiskInstanceSpec disk(DiskFormat format) {
    return new VirtualDiskInstanceSpec(
        "node",
        "small",
        pool.toString(),
        pool + "/disks/a." + format.qemuName(),
        1L << 30,
        format,
        ReclaimPolicy.DELETE,
        AccessMode.EXCLUSIVE,
        null,
        null);
  }

  @ParameterizedTest
  @EnumSource(DiskFormat.class)
  void saysHowMuchIsFreeAndLeavesNothingBehind(DiskFormat format) throws Exception {
    host.preparePool(pool.toString());
    Files.write(pool.resolve("filler"), new byte[(4 << 20) - (64 << 10)]);

    assertThatThrownBy(() -> host.create(disk(format)))
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("DiskFull"))
        .hasMessageContaining("free: 65536 bytes")
        .hasMessageContaining(pool.toString());

    assertThat(disks()).isEmpty();
    Files.delete(pool.resolve("filler"));
    host.create(disk(format));
    assertThat(disks()).containsExactly(Path.of(disk(format).path()));
  }

  @Test
  void leavesNothingBehindWhenQemuImgFails() throws Exception {
    host.preparePool(pool.toString());
    Path images = pool.resolve("disks");
    // Larger than qemu-img can make on so small a file system.
    VirtualDiskInstanceSpec huge =
        new VirtualDiskInstanceSpec(
            "node",
            "small",
            pool.toString(),
            images + "/a.qcow2",
            1L << 53,
            DiskFormat.QCOW2,
            ReclaimPolicy.DELETE,
            AccessMode.EXCLUSIVE,
            null,
            null);

    assertThatThrownBy(() -> host.create(huge)).isInstanceOf(HostException.class);

    assertThat(disks()).isEmpty();
  }

  @Test
  void returnsTheSizeOfTheFileSystem() throws Exception {
    assertThat(host.preparePool(pool.toString())).isEqualTo(4L << 20);
  }

  @Test
  void refusesAPoolThatCannotBeWritten() throws Exception {
    Command.of("mount", "-o", "remount,ro", pool.toString()).run();

    assertThatThrownBy(() -> host.preparePool(pool.toString()))
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("PoolUnusable"))
        .hasMessageContaining("Read-only file system");
  }

  private Stream<Path> disks() throws IOException {
    try (Stream<Path> files = Files.list(pool.resolve("disks"))) {
      return files.toList().stream();
    }
  }
}
