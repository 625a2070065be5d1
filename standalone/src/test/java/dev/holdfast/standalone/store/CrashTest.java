package dev.holdfast.standalone.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kills a process that writes, at random, and looks at what is left. */
class CrashTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void acknowledgedWritesSurviveAKill(long seed) throws IOException, InterruptedException {
    Path file = directory.resolve("objects.mv");
    Process writer =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Writer.class.getName(),
                file.toString())
            .redirectErrorStream(true)
            .start();
    long acknowledged = 0;
    int wanted = 20 + new Random(seed).nextInt(200);
    try (BufferedReader answers =
        new BufferedReader(
            new InputStreamReader(writer.getInputStream(), StandardCharsets.UTF_8))) {
      String line = answers.readLine();
      for (int n = 0; line != null && n < wanted; line = answers.readLine()) {
        if (line.startsWith("ok ")) {
          acknowledged = Long.parseLong(line.substring(3));
          n++;
        }
      }
      writer.toHandle().destroyForcibly(); // unlike the method of Process, it leaves the output
      for (; line != null; line = answers.readLine()) {
        acknowledged = line.matches("ok \\d+") ? Long.parseLong(line.substring(3)) : acknowledged;
      }
    }
    writer.waitFor();

    try (ObjectStore store =
        ObjectStore.open(file, AtRest.plain(), new StoreOptions(10, 1 << 20, 1 << 30, false))) {
      assertThat(store.revision()).isGreaterThanOrEqualTo(acknowledged);
      List<Long> revisions =
          store.list(Range.of("g", "things", "")).objects().stream()
              .map(StoredObject::revision)
              .sorted()
              .toList();
      assertThat(revisions).contains(acknowledged);
      assertThat(revisions.getLast()).isEqualTo(store.revision());
      assertThat(revisions).hasSize((int) (store.revision() - revisions.getFirst() + 1));
    }
  }

  /** Creates objects for ever, and says which revisions were acknowledged. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] arguments) throws IOException {
      PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
      ObjectStore store =
          ObjectStore.open(
              Path.of(arguments[0]), AtRest.plain(), new StoreOptions(10, 1 << 20, 1 << 30, true));
      for (int i = 0; i < 100_000; i++) {
        StoredObject created =
            store.create(
                new Key("g", "things", "default", "n" + i),
                null,
                revision -> new byte[(int) (revision % 5_000)]);
        out.println("ok " + created.revision());
      }
    }
  }
}
