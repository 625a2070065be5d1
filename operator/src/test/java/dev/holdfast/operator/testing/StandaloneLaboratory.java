package dev.holdfast.operator.testing;

import dev.holdfast.operator.OperatorOptions;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.nio.file.Path;

/** A laboratory on Holdfast's own control plane. */
public final class StandaloneLaboratory implements AutoCloseable {
  private final StandaloneControlPlane controlPlane;
  private final Laboratory laboratory;

  public StandaloneLaboratory(Path directory, OperatorOptions options) throws IOException {
    controlPlane = StandaloneControlPlane.start(StandaloneOptions.in(directory).withSync(false));
    laboratory =
        new Laboratory(Config.fromKubeconfig(directory.resolve("kubeconfig").toFile()), options);
  }

  public Laboratory laboratory() {
    return laboratory;
  }

  @Override
  public void close() throws IOException {
    laboratory.close();
    controlPlane.close();
  }
}
