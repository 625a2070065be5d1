package dev.holdfast.system.cluster;

import java.nio.file.Path;

class PlacementOnK3sTest extends PlacementContract {
  @Override
  Cluster start(Path folder) {
    return Clusters.k3s();
  }
}
