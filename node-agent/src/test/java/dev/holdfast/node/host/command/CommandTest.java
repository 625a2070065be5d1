package dev.holdfast.node.host.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.holdfast.node.host.HostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class CommandTest {

  @Test
  void passesArgumentsWithoutAShell() throws Exception {
    assertThat(Command.of("printf", "%s|", "a b", "$(id)", ";").run().stdout())
        .isEqualTo("a b|$(id)|;|");
  }

  @Test
  void feedsTheInput() throws Exception {
    String large = "line\n".repeat(100_000);

    assertThat(Command.of("cat").withInput(large).run().stdout()).isEqualTo(large);
  }

  @Test
  void hasAnEmptyInputByDefault() throws Exception {
    assertThat(Command.of("cat").run().stdout()).isEmpty();
  }

  @Test
  void speaksTheLanguageOfTheCLocale() throws Exception {
    assertThat(Command.of("env").run().stdout()).contains("LC_ALL=C\n");
  }

  @Test
  void carriesCommandExitStatusAndStderrInTheError() {
    assertThatThrownBy(() -> Command.of("ls", "/no/such/file").run())
        .isInstanceOfSatisfying(
            HostException.class,
            e -> {
              assertThat(e.reason()).isEqualTo("CommandFailed");
              assertThat(e)
                  .hasMessageContaining("'ls /no/such/file'")
                  .hasMessageContaining("exit status 2")
                  .hasMessageContaining("No such file or directory");
            });
  }

  @Test
  void returnsAnyExitStatusWhereTheCallerWantsIt() throws Exception {
    assertThat(Command.of("false").execute().exitStatus()).isEqualTo(1);
  }

  @Test
  void saysWhichProgramIsMissing() {
    assertThatThrownBy(() -> Command.of("no-such-program").run())
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("CommandNotFound"))
        .hasMessageContaining("no-such-program");
  }

  @Test
  @Timeout(20)
  void killsTheProgramAndItsChildrenAtTheTimeout(@TempDir Path directory) throws Exception {
    Path pid = directory.resolve("pid");
    Command command =
        Command.of("sh", "-c", "sleep 600 & echo $! >" + pid + "; echo waiting >&2; wait")
            .withTimeout(Duration.ofMillis(500));

    assertThatThrownBy(command::run)
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.reason()).isEqualTo("CommandTimedOut"))
        .hasMessageContaining("500 ms")
        .hasMessageContaining("waiting");

    long child = Long.parseLong(Files.readString(pid).strip());
    await().until(() -> ProcessHandle.of(child).filter(ProcessHandle::isAlive).isEmpty());
  }

  @Test
  void refusesMoreOutputThanTheLimit() {
    assertThatThrownBy(
            () -> Command.of("head", "-c", "100000", "/dev/zero").withOutputLimit(1000).run())
        .hasMessageContaining("more than 1000 bytes");
  }

  @Test
  void keepsTheEndOfALongErrorMessage() throws Exception {
    String stderr =
        Command.of("sh", "-c", "seq 1 20000 >&2; echo the cause >&2").execute().stderr();

    assertThat(stderr).endsWith("the cause").hasSizeLessThanOrEqualTo(4096);
  }

  @Test
  @Timeout(20)
  void doesNotWaitForADaemonThatKeepsThePipesOpen(@TempDir Path directory) throws Exception {
    Path pid = directory.resolve("pid");

    CommandResult result =
        Command.of("sh", "-c", "sleep 600 & echo $! >" + pid + "; echo done").run();

    assertThat(result.stdout()).isEqualTo("done\n");
    assertThat(ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())))
        .hasValueSatisfying(ProcessHandle::destroyForcibly);
  }

  @Test
  @Timeout(20)
  void runsInMoreVirtualThreadsThanThereAreCarriers() throws Exception {
    Callable<String> task = () -> Command.of("sh", "-c", "sleep 0.3; echo end").run().stdout();
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> results =
          executor.invokeAll(IntStream.range(0, 24).mapToObj(i -> task).toList());

      for (Future<String> result : results) {
        assertThat(result.get()).isEqualTo("end\n");
      }
    }
  }

  @Test
  @Timeout(20)
  void endsTheProgramWhenItsThreadIsInterrupted() throws Exception {
    var failure = new CompletableFuture<HostException>();
    Thread thread =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    Command.of("sleep", "600").run();
                  } catch (HostException e) {
                    failure.complete(e);
                  }
                });
    await()
        .until(
            () ->
                ProcessHandle.current()
                    .children()
                    .anyMatch(c -> c.info().command().orElse("").endsWith("sleep")));

    thread.interrupt();

    assertThat(failure.get().reason()).isEqualTo("Interrupted");
  }
}
