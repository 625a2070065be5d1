package dev.holdfast.system.cluster;

import java.nio.file.Path;

class PlacementOnKubeRigTest extends PlacementContract {
  @Override
  Cluster start(Path folder) throws Exception {
    return Clusters.kubeRig(folder);
  }
}
