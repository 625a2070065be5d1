package dev.holdfast.operator;

import dev.holdfast.operator.testing.KubeRig;
import dev.holdfast.operator.testing.Laboratory;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;

/** The operator on a real API server, where this machine has one. */
class OperatorOnKubeRigTest extends OperatorContract {
  private static @Nullable KubeRig rig;
  private static @Nullable Laboratory laboratory;

  @BeforeAll
  static void start() {
    Optional<Path> scripts = KubeRig.find();
    if (scripts.isEmpty()) {
      return;
    }
    KubeRig started = KubeRig.start(scripts.orElseThrow());
    rig = started;
    laboratory =
        new Laboratory(started.config(), OperatorOptions.defaults().withNodeTimeout(NODE_TIMEOUT));
  }

  @AfterAll
  static void stop() {
    if (laboratory != null) {
      laboratory.close();
    }
    if (rig != null) {
      rig.close();
    }
  }

  @Override
  Laboratory laboratory() {
    // Here and not before all tests, where an assumption would leave no trace in the summary.
    Laboratory started = laboratory;
    if (started == null) {
      return Assumptions.abort(
          "no real API server: neither -Dholdfast.kube-rig nor ../shared/kube-rig is there");
    }
    return started;
  }
}
