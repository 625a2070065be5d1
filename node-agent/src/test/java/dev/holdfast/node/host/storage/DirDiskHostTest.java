package dev.holdfast.node.host.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.crds.storage.AccessMode;
import dev.holdfast.crds.storage.DiskFormat;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.VirtualDiskInstanceSpec;
import dev.holdfast.node.host.DiskHost;
import dev.holdfast.node.host.DiskHostContract;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.command.Command;
import dev.holdfast.node.plan.HostState.Image;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirDiskHostTest extends DiskHostContract {
  private static final long CAPACITY = 64L << 20;

  @TempDir Path directory;
  private final DirDiskHost host = new DirDiskHost();

  @BeforeAll
  static void requireTools() throws Exception {
    assumeTrue(
        Command.of("id", "-u").run().stdout().strip().equals("0"), "only root can give files away");
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/qemu-img")), "qemu-img is not installed");
  }

  @BeforeEach
  void letEverybodyPass() throws Exception {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
  }

  @Override
  protected DiskHost host() {
    return host;
  }

  @Override
  protected String pool() {
    return directory.resolve("pool").toString();
  }

  @Override
  protected void putForeignFile(String path) throws IOException {
    Files.createDirectories(Path.of(path).getParent());
    Files.writeString(Path.of(path), "precious");
  }

  @Test
  void makesAQcow2ImageThatQemuFindsInOrder() throws Exception {
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.QCOW2, CAPACITY);
    host.preparePool(pool());
    host.create(disk);

    assertThat(Command.of("qemu-img", "check", disk.path()).run().stdout())
        .contains("No errors were found");
    assertThat(Command.of("qemu-img", "info", "--output=json", disk.path()).run().stdout())
        .contains("\"virtual-size\": " + CAPACITY)
        .contains("\"lazy-refcounts\": false");
  }

  @Test
  void letsOthersPassButNotLook() throws Exception {
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.QCOW2, CAPACITY);
    host.preparePool(pool());
    host.create(disk);
    host.setOwner(disk.path(), 61234);

    Path image = Path.of(disk.path());
    assertThat(mode(image)).isEqualTo("rw-------");
    for (Path path = PoolDirectories.of(image);
        !path.equals(directory);
        path = PoolDirectories.of(path)) {
      assertThat(mode(path)).as(path.toString()).isEqualTo("rwx--x--x");
    }
    assertThat(mode(Path.of(pool(), "boot"))).isEqualTo("rwx--x--x");
    assertThat(
            Command.of(
                    "setpriv",
                    "--reuid=61234",
                    "--clear-groups",
                    "dd",
                    "status=none",
                    "of=/dev/null",
                    "if=" + image)
                .execute()
                .exitStatus())
        .isZero();
    assertThat(
            Command.of(
                    "setpriv",
                    "--reuid=61235",
                    "--clear-groups",
                    "dd",
                    "status=none",
                    "of=/dev/null",
                    "if=" + image)
                .execute()
                .stderr())
        .contains("Permission denied");
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void removesWhatACrashHasLeftOfTheSameImageOnly() throws Exception {
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.QCOW2, CAPACITY);
    Path parent = PoolDirectories.of(Path.of(disk.path()));
    host.preparePool(pool());
    Files.createDirectories(parent);
    Files.writeString(parent.resolve(".holdfast-new.a.qcow2"), "half");
    Files.writeString(parent.resolve(".holdfast-new.b.qcow2"), "somebody makes it just now");

    host.create(disk);

    assertThat(names(parent)).containsExactlyInAnyOrder("a.qcow2", ".holdfast-new.b.qcow2");
    host.delete(disk("b", DiskFormat.QCOW2, CAPACITY));
    assertThat(names(parent)).containsExactly("a.qcow2");
  }

  private static List<String> names(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).toList();
    }
  }

  @Test
  void leavesForeignContentAsItIs() throws Exception {
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.QCOW2, CAPACITY);
    host.preparePool(pool());
    putForeignFile(disk.path());

    assertRefused("ImageConflict", () -> host.create(disk));

    assertThat(Path.of(disk.path())).hasContent("precious");
    assertThat(names(PoolDirectories.of(Path.of(disk.path())))).containsExactly("a.qcow2");
  }

  @Test
  void neverFollowsAnImageThatIsALink() throws Exception {
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.RAW, CAPACITY);
    Path image = Path.of(disk.path());
    Path target = Files.writeString(directory.resolve("target"), "precious");
    host.preparePool(pool());
    Files.createDirectories(PoolDirectories.of(image));
    Files.createSymbolicLink(image, target);

    assertThat(host.inspect(disk.path())).isInstanceOf(Image.Unusable.class);
    assertRefused("ImageConflict", () -> host.create(disk));
    assertRefused("ImageConflict", () -> host.delete(disk));
    assertRefused("ImageMissing", () -> host.setOwner(disk.path(), 61234));

    assertThat(Files.isSymbolicLink(image)).isTrue();
    assertThat(target).hasContent("precious");
    assertThat(Files.getAttribute(target, "unix:uid", LinkOption.NOFOLLOW_LINKS)).isEqualTo(0);
  }

  @Test
  void refusesADirectoryThatLeadsOutOfThePool() throws Exception {
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.RAW, CAPACITY);
    Path outside = Files.createDirectory(directory.resolve("outside"));
    host.preparePool(pool());
    Files.createSymbolicLink(PoolDirectories.of(Path.of(disk.path())), outside);

    assertRefused("PathEscapesPool", () -> host.create(disk));
    Files.writeString(outside.resolve("a.raw"), "precious");
    assertRefused("PathEscapesPool", () -> host.delete(disk));

    assertThat(names(outside)).containsExactly("a.raw");
  }

  @Test
  void acceptsAPoolThatIsItselfReachedThroughALink() throws Exception {
    Path real = Files.createDirectory(directory.resolve("real"));
    Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rwx--x--x"));
    Files.createSymbolicLink(Path.of(pool()), real);
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.RAW, CAPACITY);
    host.preparePool(pool());

    host.create(disk);

    assertThat(real.resolve("disks/default/a.raw")).isRegularFile();
  }

  @Test
  void neverTakesARawImageForQcow2() throws Exception {
    VirtualDiskInstanceSpec qcow2 = disk("guest", DiskFormat.QCOW2, CAPACITY);
    VirtualDiskInstanceSpec raw = disk("a", DiskFormat.RAW, CAPACITY);
    host.preparePool(pool());
    host.create(qcow2);
    host.create(raw);
    try (FileChannel channel = FileChannel.open(Path.of(raw.path()), StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(Files.readAllBytes(Path.of(qcow2.path()))));
    }

    assertThat(host.inspect(raw.path())).isEqualTo(new Image.Present(DiskFormat.RAW, CAPACITY, 0));
  }

  @Test
  void refusesAQcow2ImageThatNamesOtherFiles() throws Exception {
    host.preparePool(pool());
    Path images = Path.of(pool(), "disks");
    Path withBacking = images.resolve("backing.qcow2");
    Path withData = images.resolve("data.qcow2");
    Command.of(
            "qemu-img",
            "create",
            "-f",
            "qcow2",
            "-u",
            "-F",
            "raw",
            "-b",
            "/etc/shadow",
            withBacking.toString(),
            "64M")
        .run();
    Command.of(
            "qemu-img",
            "create",
            "-f",
            "qcow2",
            "-o",
            "data_file=" + images.resolve("x"),
            withData.toString(),
            "64M")
        .run();

    assertThat(host.inspect(withBacking.toString()))
        .isInstanceOfSatisfying(
            Image.Unusable.class, i -> assertThat(i.reason()).contains("backing file"));
    assertThat(host.inspect(withData.toString()))
        .isInstanceOfSatisfying(
            Image.Unusable.class, i -> assertThat(i.reason()).contains("another file"));
  }

  @Test
  void readsOlderQcow2Images() throws Exception {
    host.preparePool(pool());
    Path image = Path.of(pool(), "disks", "old.qcow2");
    Command.of("qemu-img", "create", "-f", "qcow2", "-o", "compat=0.10", image.toString(), "64M")
        .run();

    assertThat(host.inspect(image.toString()))
        .isEqualTo(new Image.Present(DiskFormat.QCOW2, CAPACITY, 0));
  }

  @Test
  void refusesANameThatDoesNotFitTheFormat() throws Exception {
    host.preparePool(pool());
    VirtualDiskInstanceSpec disk =
        new VirtualDiskInstanceSpec(
            "node",
            "pool",
            pool(),
            pool() + "/disks/a.qcow2",
            CAPACITY,
            DiskFormat.RAW,
            ReclaimPolicy.DELETE,
            AccessMode.EXCLUSIVE,
            null,
            null);

    assertRefused("ImageConflict", () -> host.create(disk));
  }

  @Test
  void saysHowToOpenThePathToAPool() throws Exception {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));

    assertThatThrownBy(() -> host.preparePool(pool()))
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("PoolUnusable"))
        .hasMessageContaining("chmod o+x " + directory.toRealPath());
  }

  @Test
  void makesOneImageWhenManyAskForItAtOnce() throws Exception {
    VirtualDiskInstanceSpec disk = disk("a", DiskFormat.QCOW2, CAPACITY);
    host.preparePool(pool());
    Callable<Boolean> task =
        () -> {
          host.create(disk);
          return true;
        };
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Boolean> result :
          executor.invokeAll(IntStream.range(0, 8).mapToObj(i -> task).toList())) {
        assertThat(result.get()).isTrue();
      }
    }

    assertThat(names(PoolDirectories.of(Path.of(disk.path())))).containsExactly("a.qcow2");
  }
}
