package dev.holdfast.system.cluster;

import java.nio.file.Path;

class PlacementOnStandaloneTest extends PlacementContract {
  @Override
  Cluster start(Path folder) throws Exception {
    return Clusters.standalone(folder);
  }
}
