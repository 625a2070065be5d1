package dev.holdfast.standalone.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store on a file system that is as small as the test wants it. */
class FullDiskTest {
  private static final Range ALL = Range.of("g", "things", "");
  private static final int OBJECT_BYTES = 50_000;

  @TempDir private Path directory;
  private Path small;

  @BeforeEach
  void mountSmallFileSystem() throws Exception {
    small = Files.createDirectory(directory.resolve("small"));
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=2m", "holdfast-test", small.toString()) == 0,
        "only root can mount a small file system");
  }

  @AfterEach
  void unmount() throws Exception {
    run("umount", small.toString());
  }

  private static int run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  private ObjectStore open() throws IOException {
    return ObjectStore.open(
        small.resolve("objects.mv"), AtRest.plain(), new StoreOptions(100, 1 << 20, 1 << 30, true));
  }

  @Test
  void refusesWritesClearlyAndLosesNothing() throws Exception {
    Path filler = Files.write(small.resolve("filler"), new byte[1 << 20]);
    List<StoredObject> acknowledged = new ArrayList<>();
    try (ObjectStore store = open()) {
      assertThatThrownBy(
              () -> {
                while (true) {
                  Key key = new Key("g", "things", "default", "n" + acknowledged.size());
                  acknowledged.add(store.create(key, null, revision -> new byte[OBJECT_BYTES]));
                }
              })
          .isInstanceOf(StoreException.Failed.class)
          .hasMessageContaining("No space left on device")
          .hasMessageContaining("free space");
      assertThat(acknowledged).isNotEmpty();
      assertThat(revisions(store)).isEqualTo(revisions(acknowledged));
      assertThat(store.failure()).isNotNull();
      assertThatThrownBy(
              () ->
                  store.delete(
                      acknowledged.getFirst().key(),
                      acknowledged.getFirst().revision(),
                      revision -> new byte[0]))
          .isInstanceOf(StoreException.Failed.class);
    }
    try (ObjectStore store = open()) { // though the disk is still full
      assertThat(revisions(store)).isEqualTo(revisions(acknowledged));
    }

    Files.delete(filler);
    try (ObjectStore store = open()) {
      assertThat(revisions(store)).isEqualTo(revisions(acknowledged));
      Key key = new Key("g", "things", "default", "more");
      assertThat(store.create(key, null, revision -> new byte[OBJECT_BYTES]).revision())
          .isEqualTo(acknowledged.getLast().revision() + 1);
    }
  }

  private static List<Long> revisions(ObjectStore store) {
    return revisions(store.list(ALL).objects());
  }

  private static List<Long> revisions(List<StoredObject> objects) {
    return objects.stream().map(StoredObject::revision).sorted().toList();
  }
}
