package dev.holdfast.system.failover;

import dev.holdfast.crds.Clients;
import dev.holdfast.node.agent.LocalNode;
import dev.holdfast.node.agent.NodeAgentOptions;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.File;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** A node agent as a process of its own, so that it can be killed. */
public final class AgentProcess {
  private AgentProcess() {}

  /**
   * Runs until it is killed.
   *
   * @param arguments kubeconfig, name of the node, run directory, cache directory, socket of the
   *     cable
   */
  public static void main(String[] arguments) throws Exception {
    Config config = Config.fromKubeconfig(new File(arguments[0]));
    Cable _ = Cable.ofHost(Path.of(arguments[4]), URI.create(config.getMasterUrl()).getPort());
    KubernetesClient client = Clients.of(config);
    NodeAgentOptions options =
        NodeAgentOptions.defaults(arguments[1])
            .withDirectories(Path.of(arguments[2]), Path.of(arguments[3]));
    LocalNode ignored = LocalNode.start(client, options, Optional.empty());
    new CountDownLatch(1).await();
  }
}
