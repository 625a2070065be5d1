package dev.holdfast.system.failover;

import static org.awaitility.Awaitility.await;

import dev.holdfast.keeper.client.KeeperLauncher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a host is made of here: a keeper and an agent as processes of their own, with directories
 * and a network namespace of their own, the keeper's QEMUs, and a cable to the API server. As a
 * service manager does, {@link #repair} starts again what has ended.
 */
final class TestHost implements AutoCloseable {
  private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");
  private static final String KEEPER = "dev.holdfast.keeper.KeeperMain";

  private final String name;
  private final Path directory;
  private final Path kubeconfig;
  private final Cable cable;
  private final NetworkNamespace network;
  private final List<String> keeperOptions;
  private @Nullable Process keeper;
  private @Nullable Process agent;

  /**
   * Makes the host; nothing runs on it yet.
   *
   * @param port of the API server; the host reaches it at the same one, through its cable
   */
  TestHost(String name, Path directory, Path kubeconfig, int port, List<String> keeperOptions)
      throws IOException {
    this.name = name;
    this.directory = Files.createDirectories(directory);
    this.kubeconfig = kubeconfig;
    this.keeperOptions = keeperOptions;
    this.network = NetworkNamespace.make("holdfast-" + name + "-" + port);
    this.cable = Cable.toServer(cableSocket(), port);
  }

  String name() {
    return name;
  }

  Cable cable() {
    return cable;
  }

  /** Starts what does not run. */
  void repair() throws IOException {
    if (!alive(keeper)) {
      keeper = java(KEEPER, KeeperLauncher.JVM_OPTIONS, keeperArguments(), "keeper.log");
      awaitSocket();
    }
    if (!alive(agent)) {
      agent =
          java(
              AgentProcess.class.getName(),
              List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx128m"),
              List.of(
                  kubeconfig.toString(),
                  name,
                  run().toString(),
                  directory.resolve("cache").toString(),
                  cableSocket().toString()),
              "agent.log");
    }
  }

  private Path cableSocket() {
    return directory.resolve("cable");
  }

  private Path run() {
    return directory.resolve("r");
  }

  private List<String> keeperArguments() throws IOException {
    Files.createDirectories(run());
    List<String> arguments =
        new ArrayList<>(List.of("--socket", run().resolve("keeper.sock").toString()));
    arguments.addAll(keeperOptions);
    return arguments;
  }

  private Process java(String main, List<String> options, List<String> arguments, String log)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(JAVA.toString()));
    command.addAll(options);
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            main));
    command.addAll(arguments);
    return new ProcessBuilder(network.command(command))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve(log).toFile()))
        .start();
  }

  private void awaitSocket() {
    // A dead keeper's socket file stays; the log says when the new one answers.
    await()
        .atMost(Duration.ofSeconds(30))
        .failFast("the keeper has ended", () -> !alive(keeper))
        .until(() -> says("as process " + keeperPid()));
  }

  private boolean says(String text) throws IOException {
    return Files.readString(directory.resolve("keeper.log")).contains(text);
  }

  private long keeperPid() {
    Process process = keeper;
    return process == null ? -1 : process.pid();
  }

  private static boolean alive(@Nullable Process process) {
    return process != null && process.isAlive();
  }

  /** Living processes of the machines on this host. */
  Stream<ProcessHandle> machines() {
    Process process = keeper;
    return process == null ? Stream.of() : process.children().filter(ProcessHandle::isAlive);
  }

  void signalAgent(String signal) throws IOException {
    signal(signal, agent == null ? Stream.of() : Stream.of(agent.toHandle()));
  }

  void signalKeeper(String signal) throws IOException {
    signal(signal, keeper == null ? Stream.of() : Stream.of(keeper.toHandle()));
  }

  void signalMachines(String signal) throws IOException {
    signal(signal, machines());
  }

  /** The whole host at the same time, or nearly. */
  void signalAll(String signal) throws IOException {
    signal(
        signal,
        Stream.concat(
            machines(), Stream.of(keeper, agent).filter(TestHost::alive).map(Process::toHandle))
            .toList()
            .stream());
  }

  private static void signal(String signal, Stream<ProcessHandle> processes) throws IOException {
    List<String> command = new ArrayList<>(List.of("kill", "-" + signal));
    processes
        .filter(ProcessHandle::isAlive)
        .forEach(process -> command.add(String.valueOf(process.pid())));
    if (command.size() == 2) {
      return;
    }
    try {
      // One may have ended in the meantime.
      int ignored =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    // The agent first, or it would start again what ends here.
    signalAgent("KILL");
    List<ProcessHandle> left = machines().toList();
    signalKeeper("KILL");
    left.forEach(ProcessHandle::destroyForcibly);
    cable.close();
    network.close();
  }
}
