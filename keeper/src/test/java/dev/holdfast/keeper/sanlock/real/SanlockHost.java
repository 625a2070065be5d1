package dev.holdfast.keeper.sanlock.real;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.awaitility.Awaitility;

/** A sanlock daemon that is a host of its own, without a watchdog. */
final class SanlockHost implements AutoCloseable {
  private final Path directory;
  private final Process daemon;

  private SanlockHost(Path directory, Process daemon) {
    this.directory = directory;
    this.daemon = daemon;
  }

  /**
   * Starts a daemon.
   *
   * @param directory for its socket and log; made here
   */
  static SanlockHost start(Path directory, String name) throws IOException {
    Files.createDirectories(directory);
    ProcessBuilder builder =
        new ProcessBuilder(
            Sanlock.command("daemon", "-D", "-w", "0", "-U", "root", "-G", "root", "-e", name));
    environment(builder, directory);
    Process daemon =
        builder.redirectErrorStream(true).redirectOutput(directory.resolve("log").toFile()).start();
    Path socket = directory.resolve("sanlock.sock");
    Awaitility.await("socket of sanlock " + name).until(() -> Files.exists(socket));
    return new SanlockHost(directory, daemon);
  }

  private static void environment(ProcessBuilder builder, Path directory) {
    builder.environment().put("SANLOCK_PRIVILEGED", "0");
    builder.environment().put("SANLOCK_RUN_DIR", directory.toString());
  }

  void join(String lockspace, int hostId, Path storage) {
    Sanlock.Output output =
        client(
            "add_lockspace", "-s", "%s:%d:%s:0".formatted(lockspace, hostId, storage), "-o", "1");
    assertThat(output.text()).contains("done 0");
  }

  Sanlock.Output client(String... arguments) {
    ProcessBuilder builder = new ProcessBuilder(Sanlock.command("client"));
    environment(builder, directory);
    builder.command().addAll(List.of(arguments));
    return Sanlock.run(builder);
  }

  /**
   * Runs a shell's text that holds a lease until it ends; does not wait for it.
   *
   * @param resource in sanlock's words
   */
  Process startHolding(String resource, String script) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Sanlock.command("client", "command", "-r", resource, "-c", "/bin/sh", "-c", script));
    environment(builder, directory);
    return builder
        .redirectErrorStream(true)
        .redirectOutput(directory.resolve("holder").toFile())
        .start();
  }

  /** Sends the daemon a signal, by its process id. */
  void signal(String signal) {
    Sanlock.Output output =
        Sanlock.run(new ProcessBuilder("kill", "-" + signal, Long.toString(daemon.pid())));
    assertThat(output.status()).as(output.text()).isZero();
  }

  @Override
  public void close() {
    daemon.destroyForcibly();
    daemon.onExit().join();
  }
}
