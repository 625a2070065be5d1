package dev.holdfast.node.agent;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How an agent runs.
 *
 * @param nodeName name of the HypervisorNode that the host is, or becomes
 * @param version of the agent, for the node's status
 * @param qemu absolute path of the QEMU binary
 * @param runDirectory for machines and networks while the host is up, on a tmpfs; at most 40 bytes
 *     long, or socket paths get too long
 * @param cacheDirectory for what may be found out again, such as QEMU's capabilities
 * @param commandPrefix put before every tool of the host, such as {@code ip netns exec NAME}; empty
 *     as a rule
 * @param metrics where Prometheus may ask how leases are renewed; null for nowhere
 */
public record NodeAgentOptions(
    String nodeName,
    String version,
    Path qemu,
    Path runDirectory,
    Path cacheDirectory,
    List<String> commandPrefix,
    @Nullable InetSocketAddress metrics) {

  public NodeAgentOptions {
    commandPrefix = List.copyOf(commandPrefix);
  }

  /** Debian's QEMU, {@code /run/holdfast} and {@code /var/cache/holdfast}. */
  public static NodeAgentOptions defaults(String nodeName) {
    return new NodeAgentOptions(
        nodeName,
        "0.1.0",
        Path.of("/usr/bin/qemu-system-x86_64"),
        Path.of("/run/holdfast"),
        Path.of("/var/cache/holdfast"),
        List.of(),
        null);
  }

  public NodeAgentOptions withDirectories(Path run, Path cache) {
    return new NodeAgentOptions(nodeName, version, qemu, run, cache, commandPrefix, metrics);
  }

  public NodeAgentOptions withCommandPrefix(List<String> prefix) {
    return new NodeAgentOptions(
        nodeName, version, qemu, runDirectory, cacheDirectory, prefix, metrics);
  }

  public NodeAgentOptions withMetrics(@Nullable InetSocketAddress address) {
    return new NodeAgentOptions(
        nodeName, version, qemu, runDirectory, cacheDirectory, commandPrefix, address);
  }

  /** The keeper's socket. */
  public Path keeperSocket() {
    return runDirectory.resolve("keeper.sock");
  }
}
