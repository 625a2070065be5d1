package dev.holdfast.benchmarks.plane;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Starts and ends processes, and reads from proc(5) what they take. */
final class Processes {
  private static final int STOP_SECONDS = 30;
  private static final double MILLIS_PER_TICK = 10; // USER_HZ is 100 everywhere

  private Processes() {}

  static ProcessBuilder builder(Path log, String... command) {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
  }

  static Process start(Path log, String... command) throws IOException {
    return builder(log, command).start();
  }

  /** Ends them, the one that was started last first, and forgets them. */
  static void stop(List<Process> processes) throws InterruptedException {
    for (Process process : processes.reversed()) {
      process.destroy();
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    }
    processes.clear();
  }

  /** User and system time that they and their children that have ended have taken. */
  static double cpuMillis(List<Process> processes) {
    double millis = 0;
    for (Process process : processes) {
      String stat = proc(process, "stat");
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      for (int field = 14; field <= 17; field++) { // of proc(5); the third is the first here
        millis += Long.parseLong(fields[field - 3]) * MILLIS_PER_TICK;
      }
    }
    return millis;
  }

  /** A sum over a field of their status files that is in kB, such as VmRSS, in MiB. */
  static double mebibytes(List<Process> processes, String field) {
    return processes.stream()
            .flatMap(process -> proc(process, "status").lines())
            .filter(line -> line.startsWith(field + ":"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
            .sum()
        / 1024.0;
  }

  private static String proc(Process process, String file) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process.pid()), file));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "process " + process.pid() + " has ended, see the logs beside its data", e);
    }
  }

  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Deletes a directory with all that is in it. */
  static void delete(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** What the files of a directory take on the disk, in MiB. */
  static double diskMebibytes(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum()
          / 1048576.0;
    }
  }
}
