package dev.holdfast.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The holdfast script in a checkout of its own, with a JDK that only notes how it was called. */
class HoldfastScriptTest {
  private static final Path SCRIPT = Path.of("../holdfast");

  /** Notes its arguments and process id, then does what the test has written into java.does. */
  private static final String JAVA =
      """
      #!/bin/sh
      echo "$$ $*" >>CHECKOUT/calls
      . CHECKOUT/java.does
      """;

  @TempDir private Path home;

  @BeforeEach
  void makeTheCheckout() throws IOException {
    Files.copy(SCRIPT, home.resolve("holdfast"), StandardCopyOption.COPY_ATTRIBUTES);
    program("jdk/bin/java", JAVA.replace("CHECKOUT", home.toString()));
    program("jdk/bin/javac", "#!/bin/sh\n");
    Files.writeString(home.resolve("jdk/release"), "JAVA_VERSION=\"99.0.1\"\n");
    Files.createDirectories(home.resolve("cli/target/lib"));
    Files.createFile(home.resolve("cli/target/holdfast-cli-1.jar"));
    Files.createFile(home.resolve("cli/target/lib/other.jar"));
    Files.createFile(home.resolve("cli/target/.built"));
  }

  @AfterEach
  void endWhatIsLeft() throws IOException {
    for (long pid : callers()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void runsTheProgramWithItsClassPathAndPassesArgumentsOn() throws Exception {
    javaDoes("exit 4");
    Process script = start("down", "--purge", "a b");

    assertThat(script.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(script.exitValue()).isEqualTo(4);
    assertThat(calls())
        .singleElement()
        .asString()
        .contains(home + "/cli/target/holdfast-cli-1.jar:" + home + "/cli/target/lib/other.jar")
        .endsWith("dev.holdfast.cli.Holdfast down --purge a b");
  }

  @Test
  void showsTheHelpWithoutACommand() throws Exception {
    javaDoes("exit 0");
    assertThat(start().waitFor(30, TimeUnit.SECONDS)).isTrue();

    assertThat(calls()).singleElement().asString().endsWith("dev.holdfast.cli.Holdfast --help");
  }

  @Test
  void startsUpAgainAtOnceThreeTimesWhenItWasKilledAndThenMoreSlowly() throws Exception {
    javaDoes("exec sleep 600");
    Process script = start("up");
    for (int kills = 0; kills <= 4; kills++) {
      int runs = kills + 1;
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(() -> assertThat(callers()).hasSize(runs));
      if (kills < 4) {
        ProcessHandle.of(callers().getLast()).orElseThrow().destroyForcibly();
      }
    }

    assertThat(script.isAlive()).isTrue();
    assertThat(Files.readAllLines(home.resolve("output")))
        .filteredOn(line -> line.contains("starting it again"))
        .extracting(line -> line.replaceAll(".* in ", ""))
        .containsExactly("0 s", "0 s", "0 s", "1 s");
  }

  @Test
  void endsUpWhenItIsToldToStop() throws Exception {
    javaDoes("exec sleep 600");
    Process script = start("up");
    await().untilAsserted(() -> assertThat(callers()).hasSize(1));
    ProcessHandle up = ProcessHandle.of(callers().getFirst()).orElseThrow();
    script.destroy();

    assertThat(script.waitFor(30, TimeUnit.SECONDS)).isTrue();
    await().untilAsserted(() -> assertThat(up.isAlive()).isFalse());
    assertThat(callers()).hasSize(1);
  }

  @Test
  void doesNotStartUpAgainWhenItEndsByItself() throws Exception {
    javaDoes("exit 1");
    Process script = start("up");

    assertThat(script.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(script.exitValue()).isEqualTo(1);
    assertThat(callers()).hasSize(1);
  }

  @Test
  void keepsTryingWhenUpCannotStartAfterACrash() throws Exception {
    javaDoes("if [ $(wc -l <" + home + "/calls) = 1 ]; then kill -KILL $$; fi; exit 1");
    Process script = start("up");

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> assertThat(callers()).hasSizeGreaterThan(2));
    assertThat(script.isAlive()).isTrue();
    script.destroy();
    assertThat(script.waitFor(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void saysHowToGetAJdkWhereThereIsNone() throws Exception {
    Files.writeString(home.resolve("jdk/release"), "JAVA_VERSION=\"17.0.9\"\n");
    String text = Files.readString(home.resolve("holdfast"));
    Files.writeString(
        home.resolve("holdfast"),
        text.replace("/usr/lib/jvm/*", "/nonexistent").replace("apt-get", "no-apt-get"));
    Process script = start("help");
    assertThat(script.waitFor(60, TimeUnit.SECONDS)).isTrue();

    assertThat(script.exitValue()).isEqualTo(1);
    assertThat(Files.readString(home.resolve("output")))
        .contains("no JDK 25 or newer", "Unpack one");
  }

  private Process start(String... arguments) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Stream.concat(Stream.of(home.resolve("holdfast").toString()), Stream.of(arguments))
                .toList());
    builder.environment().put("JAVA_HOME", home.resolve("jdk").toString());
    return builder
        .redirectErrorStream(true)
        .redirectOutput(home.resolve("output").toFile())
        .start();
  }

  private void javaDoes(String shell) throws IOException {
    Files.writeString(home.resolve("java.does"), shell + "\n");
  }

  private List<String> calls() throws IOException {
    Path calls = home.resolve("calls");
    return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
  }

  private List<Long> callers() throws IOException {
    return calls().stream()
        .map(call -> Long.parseLong(call.substring(0, call.indexOf(' '))))
        .toList();
  }

  private void program(String name, String text) throws IOException {
    Path file = home.resolve(name);
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
