package dev.holdfast.node.host.network;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.holdfast.node.host.HostException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * IPv4 forwarding of the host. Where it was off before the first network, a file among the runtime
 * files says so, and the last network switches it off again. Kernel documentation,
 * networking/ip-sysctl: {@code ip_forward}.
 */
final class Forwarding {
  private static final String SWITCH = "/proc/sys/net/ipv4/ip_forward";

  private final HostTools tools;
  private final Path switchedByUs;

  Forwarding(HostTools tools, Path runtimeDirectory) {
    this.tools = tools;
    this.switchedByUs = runtimeDirectory.resolve("ip-forward-was-off");
  }

  boolean isOn() throws HostException {
    // A program of the namespace must look: the agent's own /proc shows the agent's network.
    return tools.command("cat", SWITCH).run().stdout().strip().equals("1");
  }

  void on() throws HostException, IOException {
    if (!isOn()) {
      Files.writeString(switchedByUs, "IPv4 forwarding was off before the first network.\n", UTF_8);
      set("1");
    }
  }

  void restore() throws HostException, IOException {
    if (Files.exists(switchedByUs)) {
      set("0");
      Files.delete(switchedByUs);
    }
  }

  private void set(String value) throws HostException {
    tools.command("tee", SWITCH).withInput(value + "\n").run();
  }
}
