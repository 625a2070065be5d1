package dev.holdfast.standalone;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.holdfast.standalone.backup.Backup;
import dev.holdfast.standalone.security.Identity;
import dev.holdfast.standalone.security.Rights;
import dev.holdfast.standalone.store.AtRest;
import dev.holdfast.standalone.store.Key;
import dev.holdfast.standalone.store.Listing;
import dev.holdfast.standalone.store.ObjectStore;
import dev.holdfast.standalone.store.StoredObject;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class BackupTest {
  private static final String VALUE = "aHVudGVyMi1hbmQtbW9yZQ==";
  private static final Secret SECRET =
      new SecretBuilder()
          .withNewMetadata()
          .withName("login")
          .withNamespace("default")
          .endMetadata()
          .addToData("password", VALUE)
          .build();

  @TempDir private Path directory;
  private Path data;
  private Path archive;
  private Path restored;

  @BeforeEach
  void name() {
    data = directory.resolve("data");
    archive = directory.resolve("backup.zip");
    restored = directory.resolve("restored");
  }

  @Test
  void aStoppedControlPlaneComesBackWithEverything() throws IOException {
    String kubeconfig;
    GenericKubernetesResource machine;
    try (TestPlane plane = new TestPlane(data).withMachines()) {
      kubeconfig = plane.plane.kubeconfig(new Identity.Admin());
      machine = plane.create(TestPlane.machine("kept", 3));
      plane.client.resource(SECRET).create();
    }

    assertThat(run("backup", archive, data)).startsWith("0 Wrote " + archive + ": ");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(archive)))
        .isEqualTo("rw-------");
    assertThat(run("restore", archive, restored)).startsWith("0 Restored ");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(restored)))
        .isEqualTo("rwx------");

    try (TestPlane plane = new TestPlane(restored);
        KubernetesClient old =
            new KubernetesClientBuilder().withConfig(Config.fromKubeconfig(kubeconfig)).build()) {
      GenericKubernetesResource kept =
          old.genericKubernetesResources(TestPlane.MACHINES)
              .inNamespace("default")
              .withName("kept")
              .get();
      assertThat(kept.getMetadata().getUid()).isEqualTo(machine.getMetadata().getUid());
      assertThat(kept.<Object>get("spec")).isEqualTo(machine.get("spec"));
      assertThat(plane.client.resource(SECRET).get().getData()).containsEntry("password", VALUE);
    }
    assertThat(Files.readString(restored.resolve("objects.mv"), ISO_8859_1)).doesNotContain(VALUE);
    assertThat(Files.readAllBytes(restored.resolve("secrets.key")))
        .isNotEqualTo(Files.readAllBytes(data.resolve("secrets.key")));
  }

  @Test
  void aCrashedControlPlaneIsSavedWithoutAStart() throws IOException, InterruptedException {
    Path crashed = Files.createDirectory(directory.resolve("crashed"));
    Listing expected;
    try (TestPlane plane = new TestPlane(data)) {
      plane.client.resource(SECRET).create();
      expected = Backup.save(data, archive);
      try (Stream<Path> files = Files.list(data)) {
        for (Path file : files.toList()) {
          Files.copy(file, crashed.resolve(file.getFileName())); // as a crash would leave them
        }
      }
    }
    Listing saved = Backup.save(crashed, directory.resolve("crashed.zip"));

    assertThat(texts(saved)).isEqualTo(texts(expected));
    assertThat(texts(Backup.restore(directory.resolve("crashed.zip"), restored))).hasSize(5);
  }

  @Test
  void revisionsNeverMeanTwoThings() throws IOException, InterruptedException {
    String seen;
    try (TestPlane plane = new TestPlane(data).withMachines()) {
      plane.create(TestPlane.machine("kept", 1));
      Listing saved = Backup.save(data, archive);
      GenericKubernetesResource lost = plane.create(TestPlane.machine("lost", 1));
      seen = lost.getMetadata().getResourceVersion();
      assertThat(saved.revision()).isLessThan(Long.parseLong(seen));
    }
    Backup.restore(archive, restored);

    try (TestPlane plane = new TestPlane(restored)) {
      var machines = plane.machines().inNamespace("default");
      assertThat(machines.list().getItems())
          .singleElement()
          .satisfies(
              kept ->
                  assertThat(Long.parseLong(kept.getMetadata().getResourceVersion()))
                      .isGreaterThan(Long.parseLong(seen)));
      assertThatThrownBy(
              () ->
                  machines.list(
                      new ListOptionsBuilder()
                          .withResourceVersion(seen)
                          .withResourceVersionMatch("Exact")
                          .build()))
          .isInstanceOfSatisfying(
              KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(410));
      GenericKubernetesResource old = machines.withName("kept").get();
      old.getMetadata().setResourceVersion(seen);
      assertThatThrownBy(() -> plane.client.resource(old).update())
          .isInstanceOfSatisfying(
              KubernetesClientException.class, e -> assertThat(e.getCode()).isEqualTo(409));
    }
  }

  @Test
  void aRunningControlPlaneIsSavedAtOneMoment() throws IOException, InterruptedException {
    AtomicBoolean end = new AtomicBoolean();
    try (TestPlane plane = new TestPlane(data)) {
      plane.client.resource(SECRET).create();
      plane.client.resource(counter("first", 0)).serverSideApply();
      plane.client.resource(counter("second", 0)).serverSideApply();
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int n = 1; !end.get(); n++) {
                      plane.client.resource(counter("first", n)).serverSideApply();
                      plane.client.resource(counter("second", n)).serverSideApply();
                    }
                  });
      Awaitility.await().until(() -> count(plane, "second") > 2);
      assertThat(run("backup", archive, data)).startsWith("0 Wrote ");
      end.set(true);
      writer.join();
    }
    assertThat(run("restore", archive, restored)).startsWith("0 ");

    try (TestPlane plane = new TestPlane(restored)) {
      assertThat(count(plane, "second")).isGreaterThan(2);
      assertThat(count(plane, "first") - count(plane, "second")).isBetween(0, 1);
      assertThat(plane.client.resource(SECRET).get().getData()).containsEntry("password", VALUE);
    }
  }

  @Test
  void operatorAndAgentMayNotAskForEverything() throws IOException {
    try (TestPlane plane = new TestPlane(data);
        KubernetesClient agent = plane.client(new Identity.Agent("n1"))) {
      assertThatThrownBy(() -> agent.raw("/snapshot")).hasMessageContaining("403");
      assertThat(plane.client.raw("/snapshot")).contains("\"revision\"");
    }
  }

  @Test
  void leavesFilesAndDirectoriesAloneThatAreThere() throws IOException {
    try (TestPlane plane = new TestPlane(data)) {
      assertThat(run("backup", archive, data)).startsWith("0 ");
      byte[] before = Files.readAllBytes(archive);
      assertThat(run("backup", archive, data))
          .startsWith("1 ")
          .contains(archive + " is there already and is left as it is");
      assertThat(Files.readAllBytes(archive)).isEqualTo(before);
      assertThat(run("restore", archive, data))
          .startsWith("1 ")
          .contains(data + " is not empty: stop the control plane");
      assertThat(plane.client.namespaces().list().getItems()).isNotEmpty();
    }
    assertThat(run("backup", directory.resolve("none.zip"), directory.resolve("nothing")))
        .startsWith("1 ")
        .contains("holds no control plane");
    assertThat(siblings()).containsExactlyInAnyOrder("data", "backup.zip");
  }

  @Test
  void restoresIntoADirectoryThatIsEmpty() throws IOException, InterruptedException {
    new TestPlane(data).close();
    Backup.save(data, archive);
    Files.createDirectories(restored);

    Listing listing = Backup.restore(archive, restored);

    assertThat(listing.objects()).hasSize(4); // namespaces
    new TestPlane(restored).close();
  }

  @Test
  void aDamagedArchiveIsRefusedBeforeAnythingIsWritten() throws IOException, InterruptedException {
    try (TestPlane plane = new TestPlane(data)) {
      plane.client.resource(SECRET).create();
    }
    Backup.save(data, archive);
    byte[] whole = Files.readAllBytes(archive);
    Listing contents = Backup.restore(archive, restored);
    Random random = new Random(7);
    int refused = 0;
    for (int i = 0; i < 150; i++) {
      byte[] damaged = whole.clone();
      damaged[random.nextInt(whole.length)] ^= (byte) (1 << random.nextInt(8));
      refused +=
          refuses(
                  i % 3 == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : damaged,
                  contents)
              ? 1
              : 0;
    }
    // Only of what a ZIP says twice, or of the time of an entry, one bit may be wrong.
    assertThat(refused).isGreaterThan(130);
    assertThat(siblings())
        .containsExactlyInAnyOrder("data", "backup.zip", "restored", "damaged.zip");
  }

  private boolean refuses(byte[] bytes, Listing contents) throws IOException {
    Path damaged = directory.resolve("damaged.zip");
    Path target = directory.resolve("target");
    Files.write(damaged, bytes);
    try {
      assertThat(texts(Backup.restore(damaged, target))).isEqualTo(texts(contents));
      delete(target);
      return false;
    } catch (IOException e) {
      assertThat(e).hasMessageContaining("damaged.zip");
      assertThat(target).doesNotExist();
      return true;
    }
  }

  private static List<String> texts(Listing listing) {
    return listing.objects().stream().map(object -> new String(object.json(), UTF_8)).toList();
  }

  @Test
  void aKillInTheMiddleLeavesNothingHalfRestored() throws IOException, InterruptedException {
    new TestPlane(data).close();
    List<StoredObject> many = new ArrayList<>();
    for (int n = 0; n < 20_000; n++) {
      String json =
          "{\"metadata\":{\"name\":\"n%d\"},\"data\":\"%s\"}".formatted(n, "x".repeat(900));
      many.add(
          new StoredObject(
              new Key("", "configmaps", "default", "n" + n), n + 2, json.getBytes(UTF_8)));
    }
    Files.delete(data.resolve("objects.mv"));
    ObjectStore.write(data.resolve("objects.mv"), AtRest.plain(), new Listing(20_002, many));
    Backup.save(data, archive);
    for (long seed = 1; seed <= 3; seed++) {
      Process process = restoring();
      Awaitility.await()
          .until(() -> siblings().stream().anyMatch(name -> name.contains("restoring")));
      Thread.sleep(new Random(seed).nextInt(200)); // any moment will do
      process.destroyForcibly().waitFor();
      if (Files.exists(restored)) {
        assertThat(ObjectStore.read(restored.resolve("objects.mv"), AtRest.plain()))
            .satisfies(all -> assertThat(all.objects()).hasSize(20_000));
        delete(restored);
      }
    }
    assertThat(Backup.restore(archive, restored).objects()).hasSize(20_000);
  }

  private Process restoring() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            Restoring.class.getName(),
            archive.toString(),
            restored.toString())
        .inheritIO()
        .start();
  }

  /** Restores in a process of its own. */
  static final class Restoring {
    private Restoring() {}

    public static void main(String[] arguments) throws IOException {
      Backup.restore(Path.of(arguments[0]), Path.of(arguments[1]));
    }
  }

  private static String run(String command, Path file, Path data) {
    StringWriter output = new StringWriter();
    CommandLine line = new CommandLine(new StandaloneCommand(Rights.NONE));
    line.setOut(new PrintWriter(output));
    line.setExecutionExceptionHandler(
        (failure, ignored, parsed) -> {
          output.append(failure.getMessage());
          return 1;
        });
    int status = line.execute(command, file.toString(), "--data-dir", data.toString());
    return status + " " + output;
  }

  private List<String> siblings() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }

  private static int count(TestPlane plane, String name) {
    ConfigMap counter = plane.client.configMaps().inNamespace("default").withName(name).require();
    return Integer.parseInt(counter.getData().get("n"));
  }

  private static ConfigMap counter(String name, int n) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .endMetadata()
        .withData(Map.of("n", Integer.toString(n)))
        .build();
  }
}
