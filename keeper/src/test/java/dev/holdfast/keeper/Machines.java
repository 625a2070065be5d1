package dev.holdfast.keeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.keeper.client.KeeperClient;
import dev.holdfast.keeper.client.KeeperLauncher;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.Request;
import dev.holdfast.keeper.protocol.Tie;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.awaitility.Awaitility;

/**
 * Builds launches, and a keeper in a JVM of its own; kills on close whatever it has been told of.
 */
final class Machines implements AutoCloseable {
  static final int UID = 64123;
  static final int GID = 64124;
  static final Path QEMU = Path.of("/usr/bin/qemu-system-x86_64");

  private final Path directory;
  private final List<ProcessHandle> started = new ArrayList<>();

  /** To be called in tests: they start processes of other users. */
  static void assumeRoot() {
    assumeTrue(
        "root".equals(System.getProperty("user.name")),
        "changing the user of a process needs root");
  }

  Machines(Path directory) {
    this.directory = directory;
  }

  Path socket() {
    return directory.resolve("keeper.sock");
  }

  Path keeperLog() {
    return directory.resolve("keeper.log");
  }

  Path logFile(UUID machine) {
    return directory.resolve(machine + ".log");
  }

  Request.Launch launch(UUID machine, Tie tie, String... argv) {
    return new Request.Launch(machine, List.of(argv), UID, GID, List.of(), tie, logFile(machine));
  }

  Request.Launch shell(UUID machine, String script) {
    return launch(machine, Tie.KEEPER_LIFE, "/bin/sh", "-c", script);
  }

  /** A real QEMU that never runs its guest, with its pidfile in a directory of its own user. */
  Request.Launch qemu(UUID machine, Tie tie) throws IOException {
    Path own = Files.createDirectories(directory.resolve(machine.toString()));
    Files.setAttribute(own, "unix:uid", UID);
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx--x--x"));
    return launch(
        machine,
        tie,
        QEMU.toString(),
        "-S",
        "-nodefaults",
        "-display",
        "none",
        "-M",
        "none",
        "-uuid",
        machine.toString(),
        "-pidfile",
        pidFile(machine).toString());
  }

  Path pidFile(UUID machine) {
    return directory.resolve(machine.toString()).resolve("pid");
  }

  /** QEMU writes its pidfile before it catches SIGTERM: only the latter makes it end in order. */
  void awaitReady(UUID machine, ProcessState process) {
    Awaitility.await()
        .until(
            () ->
                Files.exists(pidFile(machine))
                    && Files.size(pidFile(machine)) > 0
                    && hasSignal(process.pid(), "SigCgt:", 15));
  }

  /** Whether a signal is in one of the sets of /proc/PID/status (proc(5)). */
  static boolean hasSignal(int pid, String set, int signal) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
        .filter(line -> line.startsWith(set))
        .anyMatch(
            line ->
                (Long.parseUnsignedLong(line.substring(set.length()).strip(), 16) >>> (signal - 1)
                        & 1)
                    == 1);
  }

  ProcessHandle track(ProcessState process) {
    ProcessHandle handle = ProcessHandle.of(process.pid()).orElseThrow();
    started.add(handle);
    return handle;
  }

  /** Starts a keeper in a JVM of its own and returns it. */
  ProcessHandle startKeeper(String... options) throws IOException {
    var launcher =
        new KeeperLauncher(
            Path.of(System.getProperty("java.home")),
            System.getProperty("java.class.path"),
            keeperLog(),
            List.of(options));
    assertThat(launcher.ensureRunning(socket())).isTrue();
    ProcessHandle keeper =
        ProcessHandle.allProcesses()
            .filter(
                process ->
                    process
                        .info()
                        .arguments()
                        .map(List::of)
                        .orElse(List.of())
                        .contains(socket().toString()))
            .findFirst()
            .orElseThrow();
    started.add(keeper);
    return keeper;
  }

  KeeperClient connect(RecordingListener listener) throws IOException {
    return KeeperClient.connect(socket(), listener);
  }

  @Override
  public void close() {
    started.forEach(ProcessHandle::destroyForcibly);
    // Not isAlive: an orphan of a container without an init stays a zombie.
    Awaitility.await().until(() -> started.stream().noneMatch(Machines::runs));
  }

  /** Whether a process lives and is no zombie. */
  static boolean runs(ProcessHandle process) {
    try {
      String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
    } catch (IOException gone) {
      return false;
    }
  }
}
