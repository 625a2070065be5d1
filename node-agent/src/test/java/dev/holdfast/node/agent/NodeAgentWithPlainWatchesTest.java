package dev.holdfast.node.agent;

/** The agent where WebSockets do not get through, so that it watches over plain HTTP. */
class NodeAgentWithPlainWatchesTest extends NodeAgentOnStandaloneTest {
  @Override
  String watches() {
    return "http";
  }
}
