package dev.holdfast.standalone;

import dev.holdfast.standalone.security.HostName;
import dev.holdfast.standalone.security.Rights;
import java.net.InetAddress;
import java.nio.file.Path;

/**
 * How to run the control plane.
 *
 * @param dataDirectory holds everything that survives a restart; made when it is missing
 * @param address where to listen; everything but loopback exposes the machine's virtual machines to
 *     the network, protected by client certificates only
 * @param port TCP port; 0 for the one that was used before, or any that is free
 * @param nodeName the node whose agent gets an identity
 * @param rights what operator and agent may do; the administrator may do everything
 * @param sync whether an acknowledged write survives a power failure too, not only a crash of the
 *     process; switched off in tests, because it costs a disk flush per write
 * @param collectGarbage whether objects that have lost their owners are deleted; switched off to
 *     compare with an API server that runs without a garbage collector
 */
public record StandaloneOptions(
    Path dataDirectory,
    InetAddress address,
    int port,
    String nodeName,
    Rights rights,
    boolean sync,
    boolean collectGarbage) {

  /**
   * Loopback, the same port as before or any free one, durable, this machine as the only node,
   * rights for the administrator only.
   */
  public static StandaloneOptions in(Path dataDirectory) {
    return new StandaloneOptions(
        dataDirectory,
        InetAddress.getLoopbackAddress(),
        0,
        HostName.local(),
        Rights.NONE,
        true,
        true);
  }

  public StandaloneOptions withPort(int newPort) {
    return new StandaloneOptions(
        dataDirectory, address, newPort, nodeName, rights, sync, collectGarbage);
  }

  public StandaloneOptions withAddress(InetAddress newAddress) {
    return new StandaloneOptions(
        dataDirectory, newAddress, port, nodeName, rights, sync, collectGarbage);
  }

  public StandaloneOptions withNodeName(String newNodeName) {
    return new StandaloneOptions(
        dataDirectory, address, port, newNodeName, rights, sync, collectGarbage);
  }

  public StandaloneOptions withRights(Rights newRights) {
    return new StandaloneOptions(
        dataDirectory, address, port, nodeName, newRights, sync, collectGarbage);
  }

  public StandaloneOptions withSync(boolean newSync) {
    return new StandaloneOptions(
        dataDirectory, address, port, nodeName, rights, newSync, collectGarbage);
  }

  StandaloneOptions withoutGarbageCollector() {
    return new StandaloneOptions(dataDirectory, address, port, nodeName, rights, sync, false);
  }
}
