package dev.holdfast.standalone.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChunkedFileTest {
  @TempDir Path directory = Path.of("");

  @Test
  void whateverIsMissingInAChunkMakesItIncomplete() throws IOException {
    Path path = directory.resolve("objects");
    ObjectFile file = ObjectFile.open(path, AtRest.plain(), true, Duration.ofSeconds(5));
    Key key = new Key("", "configmaps", "default", "a");
    for (int revision = 2; revision < 5; revision++) {
      byte[] contents = new byte[9_000];
      new Random(revision).nextBytes(contents);
      StoredObject object = new StoredObject(key, revision, contents);
      file.commit(List.of(new Change(Change.Kind.UPDATED, null, object)));
    }
    byte[] crashed = Files.readAllBytes(path); // not closed
    file.close();

    Path copy = directory.resolve("copy");
    Files.write(copy, crashed);
    List<Recovery.Chunk> chunks;
    try (Recovery recovery = new Recovery(copy.toString())) {
      chunks = recovery.chunks();
      assertThat(chunks).hasSizeGreaterThanOrEqualTo(3);
      for (Recovery.Chunk chunk : chunks) {
        assertThat(recovery.isWhole(chunk)).isTrue();
      }
    }
    Recovery.Chunk newest = chunks.getFirst();
    int start = (int) newest.position();
    int end = crashed.length;
    for (int sector = start; sector < Math.min(end, start + 12_000); sector += 512) {
      byte[] torn = crashed.clone();
      byte[] before = Arrays.copyOfRange(torn, sector, sector + 512);
      Arrays.fill(torn, sector, sector + 512, (byte) 0);
      if (Arrays.equals(before, Arrays.copyOfRange(torn, sector, sector + 512))) {
        continue; // nothing was there
      }
      Files.write(copy, torn);
      try (Recovery recovery = new Recovery(copy.toString())) {
        assertThat(recovery.isWhole(newest)).as("without the sector at %s", sector).isFalse();
      }
    }
  }
}
