package dev.holdfast.benchmarks.lease;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** sanlock as a host of its own, without a watchdog. */
final class SanlockDaemon implements AutoCloseable {
  private final Path directory;
  private final Process daemon;

  private SanlockDaemon(Path directory, Process daemon) {
    this.directory = directory;
    this.daemon = daemon;
  }

  static SanlockDaemon start(Path directory) throws IOException, InterruptedException {
    if (!Files.isExecutable(Path.of("/usr/sbin/sanlock"))) {
      throw new IOException("sanlock is not installed: apt-get install sanlock");
    }
    Files.createDirectory(directory);
    Process daemon =
        builder(directory, "daemon", "-D", "-w", "0", "-U", "root", "-G", "root", "-e", "sanlock")
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    while (!Files.exists(directory.resolve("sanlock.sock"))) {
      if (!daemon.isAlive()) {
        throw new IOException("sanlock ended: " + Files.readString(directory.resolve("log")));
      }
      Thread.sleep(10);
    }
    return new SanlockDaemon(directory, daemon);
  }

  private static ProcessBuilder builder(Path directory, String... arguments) {
    List<String> command = new ArrayList<>(List.of("/usr/sbin/sanlock"));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("SANLOCK_PRIVILEGED", "0");
    builder.environment().put("SANLOCK_RUN_DIR", directory.toString());
    return builder;
  }

  void join(String lockspace, int hostId, Path storage) throws IOException, InterruptedException {
    client("add_lockspace", "-s", "%s:%d:%s:0".formatted(lockspace, hostId, storage), "-o", "1");
  }

  /** Runs the client, which must succeed. */
  void client(String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("client"));
    all.addAll(List.of(arguments));
    Process process = builder(directory, all.toArray(String[]::new)).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0 || !text.contains("done 0")) {
      throw new IOException("sanlock " + all + ": " + text);
    }
  }

  /** A process that leases are acquired for. */
  Holder startHolder() throws IOException, InterruptedException {
    Process process =
        builder(directory, "client", "command", "-c", "/bin/sleep", "600")
            .redirectOutput(directory.resolve("holder").toFile())
            .start();
    // It is known to the daemon a moment later.
    Thread.sleep(500);
    return new Holder(process);
  }

  /** A process that leases are acquired for. */
  record Holder(Process process) implements AutoCloseable {
    String pid() {
      return Long.toString(process.pid());
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  /** What the daemon has read from and written to storage (proc(5), io), in bytes. */
  long storageBytes() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc", Long.toString(daemon.pid()), "io"))) {
      return lines
          .filter(line -> line.startsWith("read_bytes") || line.startsWith("write_bytes"))
          .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(' ') + 1)))
          .sum();
    }
  }

  @Override
  public void close() {
    daemon.destroyForcibly();
    daemon.onExit().join();
  }

  static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
