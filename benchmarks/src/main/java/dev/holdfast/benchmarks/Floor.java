package dev.holdfast.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.node.host.qemu.qmp.QmpClient;
import dev.holdfast.node.host.qemu.qmp.QmpException;
import dev.holdfast.node.host.qemu.qmp.QmpListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The same QEMU started by hand: setpriv, exec, qmp_capabilities, cont. */
final class Floor {
  private static final Duration TIMEOUT = Duration.ofMinutes(1);

  private Floor() {}

  /** The arguments of a living process, from proc(5)'s cmdline. */
  static List<String> commandOf(long processId) throws IOException {
    byte[] bytes = Files.readAllBytes(Path.of("/proc", Long.toString(processId), "cmdline"));
    return Pattern.compile("\0").splitAsStream(new String(bytes, StandardCharsets.UTF_8)).toList();
  }

  /**
   * Starts that QEMU in a directory of its own and ends it.
   *
   * @param command arguments of a QEMU of ours
   * @param itsDirectory the directory that these arguments name; a new one takes its place
   * @return milliseconds from before the start until the reply to {@code cont}
   */
  static double startMillis(List<String> command, Path itsDirectory, int uid) throws Exception {
    Path directory = Files.createTempDirectory(Path.of("/run"), "hff");
    Path output = directory.resolveSibling(directory.getFileName() + ".log");
    Files.setAttribute(directory, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
    List<String> arguments = new ArrayList<>();
    arguments.addAll(
        List.of(
            "setpriv",
            "--reuid=" + uid,
            "--regid=" + uid,
            "--clear-groups",
            "--no-new-privs",
            "--inh-caps=-all",
            "--bounding-set=-all",
            "--"));
    command.forEach(
        argument -> arguments.add(argument.replace(itsDirectory.toString(), directory.toString())));
    long start = System.nanoTime();
    Process qemu =
        new ProcessBuilder(arguments)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      try (QmpClient monitor = connect(qemu, directory.resolve("qmp.sock"))) {
        var _ = monitor.execute("cont", TIMEOUT);
        double millis = (System.nanoTime() - start) / 1e6;
        end(qemu);
        Files.delete(output);
        return millis;
      }
    } finally {
      end(qemu);
      Laboratory.delete(directory);
    }
  }

  private static void end(Process qemu) throws InterruptedException {
    qemu.destroyForcibly();
    qemu.waitFor();
  }

  private static QmpClient connect(Process qemu, Path socket) throws Exception {
    while (qemu.isAlive()) {
      if (Files.exists(socket)) {
        try {
          return QmpClient.connect(socket, TIMEOUT, new Deaf());
        } catch (QmpException e) {
          // Bound, but not yet listening.
          if (e.kind() != QmpException.Kind.DISCONNECTED) {
            throw e;
          }
        }
      }
      Thread.sleep(1);
    }
    throw new IOException("QEMU ended: see the log beside " + socket.getParent());
  }

  /** Cares for no event. */
  private static final class Deaf implements QmpListener {
    @Override
    public void event(String name, JsonNode data) {}

    @Override
    public void closed() {}
  }
}
