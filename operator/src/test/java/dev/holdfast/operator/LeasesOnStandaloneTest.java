package dev.holdfast.operator;

import dev.holdfast.operator.testing.Laboratory;
import dev.holdfast.operator.testing.StandaloneLaboratory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Leases and shared disks on Holdfast's own control plane. */
class LeasesOnStandaloneTest extends LeaseContract {
  @TempDir private static Path directory;

  private static @Nullable StandaloneLaboratory started;

  @BeforeAll
  static void start() throws IOException {
    started =
        new StandaloneLaboratory(
            directory, OperatorOptions.defaults().withNodeTimeout(NODE_TIMEOUT));
  }

  @AfterAll
  static void stop() throws IOException {
    if (started != null) {
      started.close();
    }
  }

  @Override
  Laboratory laboratory() {
    return Objects.requireNonNull(started).laboratory();
  }
}
