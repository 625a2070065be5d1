package dev.holdfast.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import dev.holdfast.node.host.qemu.qmp.QmpClient;
import dev.holdfast.node.host.qemu.qmp.QmpListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The same QEMU started by hand: setpriv, exec, qmp_capabilities, cont. */
final class Floor {
  private static final Duration TIMEOUT = Duration.ofMinutes(1);

  private Floor() {}

  /** The arguments of a living process, from proc(5)'s cmdline. */
  static List<String> commandOf(long processId) throws IOException {
    byte[] bytes = Files.readAllBytes(Path.of("/proc", Long.toString(processId), "cmdline"));
    return List.of(new String(bytes, StandardCharsets.UTF_8).split("\0"));
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
            .redirectOutput(directory.resolveSibling(directory.getFileName() + ".log").toFile())
            .start();
    try {
      Path socket = directory.resolve("qmp.sock");
      while (!Files.exists(socket)) {
        if (!qemu.isAlive()) {
          throw new IOException("QEMU ended: see " + directory + ".log");
        }
        Thread.sleep(1);
      }
      try (QmpClient monitor = QmpClient.connect(socket, TIMEOUT, new Deaf())) {
        var _ = monitor.execute("cont", TIMEOUT);
        return (System.nanoTime() - start) / 1e6;
      }
    } finally {
      qemu.destroyForcibly();
      qemu.waitFor();
    }
  }

  /** Cares for no event. */
  private static final class Deaf implements QmpListener {
    @Override
    public void event(String name, JsonNode data) {}

    @Override
    public void closed() {}
  }
}
