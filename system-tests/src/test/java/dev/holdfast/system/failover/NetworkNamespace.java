package dev.holdfast.system.failover;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A network namespace that has only its loopback interface. */
final class NetworkNamespace implements AutoCloseable {
  private final String name;

  private NetworkNamespace(String name) {
    this.name = name;
  }

  /**
   * Makes it.
   *
   * @throws IOException where it cannot be made, with the words of ip(8)
   */
  static NetworkNamespace make(String name) throws IOException {
    ip("netns", "add", name);
    ip("-n", name, "link", "set", "lo", "up");
    return new NetworkNamespace(name);
  }

  /** A command that runs in it, with the same process id as if it were run alone. */
  List<String> command(List<String> command) {
    List<String> within = new ArrayList<>(List.of("nsenter", "--net=/run/netns/" + name));
    within.addAll(command);
    return within;
  }

  @Override
  public void close() throws IOException {
    ip("netns", "delete", name);
  }

  private static void ip(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(command + ": " + said);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IOException(command + " was interrupted", interrupted);
    }
  }
}
