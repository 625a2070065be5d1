package dev.holdfast.operator.testing;

import dev.holdfast.operator.OperatorOptions;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** A laboratory on a real API server, where this machine has one. */
public final class KubeRigLaboratory implements AutoCloseable {
  private final KubeRig rig;
  private final Laboratory laboratory;

  private KubeRigLaboratory(KubeRig rig, OperatorOptions options) {
    this.rig = rig;
    this.laboratory = new Laboratory(rig.config(), options);
  }

  public static @Nullable KubeRigLaboratory start(OperatorOptions options) {
    Optional<Path> scripts = KubeRig.find();
    return scripts.isEmpty()
        ? null
        : new KubeRigLaboratory(KubeRig.start(scripts.orElseThrow()), options);
  }

  /**
   * The laboratory, or the end of the test where there is none. To be called in tests and not
   * before all of them, where an assumption would leave no trace in the summary.
   */
  public static Laboratory of(@Nullable KubeRigLaboratory started) {
    return started == null
        ? Assumptions.abort(
            "no real API server: neither -Dholdfast.kube-rig nor ../shared/kube-rig is there")
        : started.laboratory;
  }

  @Override
  public void close() {
    laboratory.close();
    rig.close();
  }
}
