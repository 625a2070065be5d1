package dev.holdfast.operator;

import dev.holdfast.operator.testing.KubeRigLaboratory;
import dev.holdfast.operator.testing.Laboratory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Leases and shared disks on a real API server, where this machine has one. */
class LeasesOnKubeRigTest extends LeaseContract {
  private static @Nullable KubeRigLaboratory started;

  @BeforeAll
  static void start() {
    started = KubeRigLaboratory.start(OperatorOptions.defaults().withNodeTimeout(NODE_TIMEOUT));
  }

  @AfterAll
  static void stop() {
    if (started != null) {
      started.close();
    }
  }

  @Override
  Laboratory laboratory() {
    return KubeRigLaboratory.of(started);
  }
}
