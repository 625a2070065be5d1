package dev.holdfast.cli.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.machine.VirtualMachine;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.storage.VirtualDisk;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pool on a file system without room, with everything from the manifest to the guest's data. */
class FullPoolTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final int POOL_BYTES = 8 << 20;

  private static final String DISK =
      """
      apiVersion: holdfast.dev/v1alpha1
      kind: VirtualDisk
      metadata: {name: written, namespace: default}
      spec: {poolRef: small, format: qcow2, capacity: %s}
      """;

  /** Without O_DIRECT, which a tmpfs has only since Linux 6.6. */
  private static final String MACHINE =
      """
      apiVersion: holdfast.dev/v1alpha1
      kind: VirtualMachine
      metadata: {name: writer, namespace: default}
      spec:
        runStrategy: Always
        terminationGracePeriodSeconds: 1
        accelerator: tcg
        memory: {guest: 64Mi}
        disks: [{name: data, diskRef: written, cache: writeback, bootOrder: 1}]
      """;

  @TempDir private Path directory;
  private Path pool;
  private @Nullable OneNode node;

  @BeforeEach
  void start() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root to mount a tmpfs");
    assumeTrue(Files.isExecutable(OneNode.QEMU), OneNode.QEMU + " is missing");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    pool = Files.createDirectory(directory.resolve("pool"));
    assumeTrue(
        OneNode.status(
                "mount", "-t", "tmpfs", "-o", "size=" + POOL_BYTES + ",mode=0711", "t", "" + pool)
            == 0,
        "cannot mount a tmpfs here");
    node = OneNode.start(new Directories(directory.resolve("d"), directory.resolve("r")));
    node()
        .apply(
            """
            apiVersion: holdfast.dev/v1alpha1
            kind: StoragePool
            metadata: {name: small}
            spec: {dir: {path: %s}}
            """
                .formatted(pool));
  }

  @AfterEach
  void stop() throws Exception {
    try {
      if (node != null) {
        node.close();
      }
    } finally {
      assertThat(pool == null ? 0 : OneNode.status("umount", "" + pool)).isZero();
    }
  }

  @Test
  void guestIsStoppedWhereThePoolIsFullAndGoesOnWithAllItsDataWhenThereIsRoom() throws Exception {
    writeUntilThePoolIsFull();
    VirtualMachineInstance told = instance();
    assertThat(ready(machine()).message())
        .contains(
            "no space is left on node " + node().name(),
            "disk data (VirtualDisk written, " + image(),
            "free some space");
    int resumes = node().resumes();
    await().atMost(PATIENCE).until(() -> node().resumes() >= resumes + 2);

    assertThat(instance().getStatus()).as("retries are no news").isEqualTo(told.getStatus());
    assertThat(warnings("DiskFull")).hasSize(1);

    enlarge();
    awaitReady(this::machine, "True", "Running");
    await().atMost(PATIENCE).untilAsserted(() -> assertThat(console()).isEqualTo("D"));
    assertThat(warnings("DiskFull")).as("told once").hasSize(1);
    assertThat(instance().getStatus().restarts()).as("started once").isZero();
    assertThat(instance().getStatus().processId()).isEqualTo(told.getStatus().processId());
    delete();
    assertThatEveryBlockIsThere();
  }

  @Test
  void machineThatIsStoppedByAFullPoolCanBeDeletedAndItsImageStaysSound() throws Exception {
    writeUntilThePoolIsFull();

    delete();

    assertThat(node().machines()).isEmpty();
    assertThat(OneNode.status("qemu-img", "check", "-q", image())).isZero();
  }

  @Test
  void diskSaysWhyItIsNotMadeAndIsMadeWhenThereIsRoom() throws Exception {
    // Enough to begin with, too little for the tables of so large a disk.
    Files.write(pool.resolve("filler"), new byte[POOL_BYTES - (1200 << 10)]);
    node().apply(DISK.formatted("64Ti"));

    awaitReady(this::disk, "False", "DiskFull");
    assertThat(ready(disk()).message())
        .contains("qemu-img: ", "No space left on device", image(), "Free some space");
    assertThat(Condition.isTrue(disk().getStatus().conditions(), Condition.STALLED))
        .as("not given up")
        .isFalse();
    assertThat(Path.of(image()).getParent()).isEmptyDirectory();
    int tries = node().creations();
    await().atMost(PATIENCE).until(() -> node().creations() > tries);
    assertThat(warnings("DiskFull")).hasSize(1);

    enlarge();
    awaitReady(this::disk, "True", "Available");
    assertThat(Path.of(image())).isRegularFile();
    assertThat(warnings("DiskFull")).as("told once").hasSize(1);
  }

  private void writeUntilThePoolIsFull() throws Exception {
    node().apply(DISK.formatted("64Mi"));
    awaitReady(this::disk, "True", "Available");
    Path program = WritingGuest.writeTo(directory.resolve("boot"));
    assertThat(OneNode.status("qemu-io", "-c", "write -q -s " + program + " 0 512", image()))
        .isZero();
    node().apply(MACHINE);
    awaitReady(this::machine, "False", "DiskFull");
    assertThat(console()).isEmpty();
  }

  private void enlarge() throws Exception {
    assertThat(OneNode.status("mount", "-o", "remount,size=64m", "" + pool)).isZero();
  }

  private void delete() {
    node().client().resource(machine()).delete();
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                node()
                        .client()
                        .resources(VirtualMachine.class)
                        .inAnyNamespace()
                        .list()
                        .getItems()
                        .isEmpty()
                    && node().machines().isEmpty());
  }

  private void assertThatEveryBlockIsThere() throws Exception {
    assertThat(OneNode.status("qemu-img", "check", "-q", image())).isZero();
    Path raw = directory.resolve("raw");
    assertThat(OneNode.status("qemu-img", "convert", "-O", "raw", image(), "" + raw)).isZero();
    try (RandomAccessFile file = new RandomAccessFile(raw.toFile(), "r")) {
      byte[] block = new byte[WritingGuest.BLOCK_SECTORS * 512];
      for (int sector = WritingGuest.FIRST_SECTOR;
          sector < WritingGuest.END_SECTOR;
          sector += WritingGuest.BLOCK_SECTORS) {
        file.seek(sector * 512L);
        file.readFully(block);
        ByteBuffer words = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
        while (words.hasRemaining()) {
          assertThat(words.getInt()).isEqualTo(sector);
        }
      }
    }
  }

  private String console() throws Exception {
    try (Stream<Path> files = Files.walk(directory.resolve("r/machines"))) {
      Path log = files.filter(file -> file.endsWith("console.log")).findFirst().orElseThrow();
      return Files.readString(log);
    }
  }

  private String image() {
    return Objects.requireNonNull(disk().getStatus().path());
  }

  private OneNode node() {
    return Objects.requireNonNull(node);
  }

  private VirtualDisk disk() {
    return get(VirtualDisk.class, "written");
  }

  private VirtualMachine machine() {
    return get(VirtualMachine.class, "writer");
  }

  private VirtualMachineInstance instance() {
    return get(VirtualMachineInstance.class, "writer");
  }

  private <T extends HasMetadata> T get(Class<T> type, String name) {
    return node().client().resources(type).inNamespace("default").withName(name).require();
  }

  private List<Event> warnings(String reason) {
    return node().client().v1().events().inNamespace("default").list().getItems().stream()
        .filter(event -> event.getReason().equals(reason) && event.getType().equals("Warning"))
        .toList();
  }

  private static void awaitReady(Supplier<HasMetadata> object, String status, String reason) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(NullPointerException.class)
        .untilAsserted(
            () -> {
              Condition ready = ready(object.get());
              assertThat(List.of(ready.status(), ready.reason()))
                  .as(ready.message())
                  .containsExactly(status, reason);
            });
  }

  private static Condition ready(HasMetadata object) {
    List<Condition> conditions =
        object instanceof VirtualMachine machine
            ? machine.getStatus().conditions()
            : ((VirtualDisk) object).getStatus().conditions();
    return Objects.requireNonNull(Condition.find(conditions, Condition.READY));
  }
}
