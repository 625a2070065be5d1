package dev.holdfast.system.cluster;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import dev.holdfast.system.Checkout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.k3s.K3sContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * Starts the kinds of clusters that tests run on. Where the machine lacks what a kind needs, the
 * test is skipped with the reason.
 */
public final class Clusters {
  private static final DockerImageName K3S = DockerImageName.parse("rancher/k3s:v1.32.9-k3s1");
  private static final String KUBE_RIG_PROPERTY = "holdfast.kube-rig";

  private Clusters() {}

  /** Our own control plane in this process; on every machine. */
  public static Cluster standalone(Path dataDirectory) throws IOException {
    StandaloneControlPlane plane =
        StandaloneControlPlane.start(StandaloneOptions.in(dataDirectory).withSync(false));
    return new Cluster(Files.readString(dataDirectory.resolve("kubeconfig")), plane::close);
  }

  /**
   * A real API server without a cluster behind it, where its folder is: named by {@code
   * -Dholdfast.kube-rig}, or {@code ../shared/kube-rig} beside the checkout.
   */
  public static Cluster kubeRig(Path dataDirectory) throws IOException, InterruptedException {
    Optional<Path> folder = kubeRigFolder();
    assumeTrue(
        folder.isPresent(),
        "no real API server: neither -D%s nor %s has a start.sh"
            .formatted(KUBE_RIG_PROPERTY, defaultKubeRig()));
    return KubeRig.start(folder.orElseThrow(), dataDirectory);
  }

  /** A whole cluster in a container. */
  public static Cluster k3s() {
    assumeTrue(
        DockerClientFactory.instance().isDockerAvailable(),
        "no Docker answers (socket, DOCKER_HOST), so there is no k3s to test on");
    K3sContainer container = new K3sContainer(K3S);
    container.start();
    return new Cluster(container.getKubeConfigYaml(), container::stop);
  }

  private static Optional<Path> kubeRigFolder() {
    @Nullable String named = System.getProperty(KUBE_RIG_PROPERTY);
    return Optional.of(named == null ? defaultKubeRig() : Path.of(named))
        .filter(folder -> Files.isExecutable(folder.resolve("start.sh")));
  }

  private static Path defaultKubeRig() {
    return Checkout.ROOT.resolveSibling("shared").resolve("kube-rig");
  }
}
