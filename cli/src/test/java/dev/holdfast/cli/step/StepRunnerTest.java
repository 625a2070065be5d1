package dev.holdfast.cli.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepRunnerTest {
  @TempDir private Path directory;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream errors = new ByteArrayOutputStream();
  private StepLog log;
  private StepRunner runner;
  private Programs programs;

  @BeforeEach
  void makeTheRunner() throws IOException {
    log = StepLog.create(directory.resolve("logs/steps.log"));
    Progress progress = new LineProgress(print(out));
    runner = new StepRunner(progress, print(errors), InstantSource.fixed(Instant.EPOCH), log);
    programs = new Programs(Map.of("GREETING", "hello"), log, progress::detail);
  }

  @AfterEach
  void closeTheLog() {
    log.close();
  }

  @Test
  void showsEachStepAndWhatCameOfIt() throws InterruptedException {
    boolean succeeded =
        runner.run(
            List.of(new Step("Boil water", () -> "100 C"), new Step("Make tea", () -> "two cups")));

    assertThat(succeeded).isTrue();
    assertThat(text(out).lines())
        .containsExactly(
            "[1/2] Boil water", "      100 C (0.0 s)", "[2/2] Make tea", "      two cups (0.0 s)");
    assertThat(text(errors)).isEmpty();
  }

  @Test
  void stopsAtTheFirstFailureAndSaysWhichStepWhyAndWhereTheLogIs() throws InterruptedException {
    boolean succeeded =
        runner.run(
            List.of(
                new Step("Boil water", () -> "100 C"),
                new Step(
                    "Make tea",
                    () -> {
                      throw new StepException("no tea left: buy some");
                    }),
                new Step("Drink", () -> "aah")));

    assertThat(succeeded).isFalse();
    assertThat(text(errors))
        .contains("Step 2 failed: Make tea", "no tea left: buy some", "Log: " + log.file());
    assertThat(text(out)).doesNotContain("Drink");
  }

  @Test
  void aFailedProgramsLastWordsAreInTheErrorAndAllItSaidIsInTheLog() throws Exception {
    Step step =
        new Step(
            "Fail",
            () ->
                programs.run(
                    Duration.ofSeconds(30),
                    List.of("sh", "-c", "echo \"$GREETING\"; echo sorry >&2; exit 7")));

    assertThat(runner.run(List.of(step))).isFalse();
    assertThat(text(errors)).contains("ended with status 7", "sorry");
    assertThat(Files.readString(log.file())).contains("== Fail", "  hello", "  sorry", "$ sh -c");
  }

  @Test
  void killsAProgramThatTakesTooLong() throws Exception {
    Step step =
        new Step("Wait", () -> programs.run(Duration.ofMillis(200), List.of("sleep", "600")));

    assertThat(runner.run(List.of(step))).isFalse();
    assertThat(text(errors)).contains("sleep 600 did not end within");
  }

  @Test
  void saysWhenAProgramIsMissing() throws Exception {
    Step step =
        new Step("Run", () -> programs.run(Duration.ofSeconds(5), List.of("no-such-program")));

    assertThat(runner.run(List.of(step))).isFalse();
    assertThat(text(errors)).contains("cannot start no-such-program", "is it installed?");
  }

  @Test
  void programsGiveTheirOutput() throws Exception {
    assertThat(programs.run(Duration.ofSeconds(30), List.of("sh", "-c", "echo one; echo two")))
        .isEqualTo("one\ntwo\n");
  }

  @Test
  void outputThatIsReadAfterTheProgramsEndIsComplete() throws Exception {
    // The reader is held at the first line until the program has ended.
    Programs slow =
        new Programs(
            Map.of(),
            log,
            line -> {
              if (line.startsWith("process ")) {
                ProcessHandle.of(Long.parseLong(line.substring("process ".length())))
                    .ifPresent(process -> process.onExit().join());
              }
            });

    assertThat(
            slow.run(
                Duration.ofSeconds(30), List.of("sh", "-c", "echo process $$; exec seq 1 5000")))
        .endsWith("\n5000\n");
  }

  @Test
  void aProgramThatTakesTooLongIsQuoted() throws Exception {
    Step step =
        new Step(
            "Wait",
            () ->
                programs.run(
                    Duration.ofSeconds(1),
                    List.of("sh", "-c", "echo waiting for Godot >&2; exec sleep 600")));

    assertThat(runner.run(List.of(step))).isFalse();
    assertThat(text(errors)).contains("waiting for Godot");
  }

  private static PrintStream print(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }

  private static String text(ByteArrayOutputStream bytes) {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
