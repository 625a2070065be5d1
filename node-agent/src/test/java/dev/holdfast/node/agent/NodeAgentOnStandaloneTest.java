package dev.holdfast.node.agent;

import dev.holdfast.standalone.StandaloneControlPlane;
import dev.holdfast.standalone.StandaloneOptions;
import java.io.IOException;
import java.nio.file.Path;

/** The agent on Holdfast's own control plane. */
class NodeAgentOnStandaloneTest extends NodeAgentContract {
  @Override
  AutoCloseable startServer(Path emptyDirectory) throws IOException {
    return StandaloneControlPlane.start(StandaloneOptions.in(emptyDirectory).withSync(false));
  }
}
