package dev.holdfast.operator;

import dev.holdfast.operator.testing.Laboratory;
import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import io.fabric8.kubernetes.client.Config;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** The operator on Holdfast's own control plane. */
class OperatorOnStandaloneTest extends OperatorContract {
  @TempDir private static Path directory;

  private static @Nullable StandaloneControlPlane controlPlane;
  private static @Nullable Laboratory laboratory;

  @BeforeAll
  static void start() throws IOException {
    controlPlane = StandaloneControlPlane.start(StandaloneOptions.in(directory).withSync(false));
    Config config = Config.fromKubeconfig(directory.resolve("kubeconfig").toFile());
    laboratory = new Laboratory(config, OperatorOptions.defaults().withNodeTimeout(NODE_TIMEOUT));
  }

  @AfterAll
  static void stop() throws IOException {
    if (laboratory != null) {
      laboratory.close();
    }
    if (controlPlane != null) {
      controlPlane.close();
    }
  }

  @Override
  Laboratory laboratory() {
    return Objects.requireNonNull(laboratory);
  }
}
