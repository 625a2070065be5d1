package dev.holdfast.node.agent;

import picocli.CommandLine;

/** The node agent as a program of its own, without the rest of Holdfast. */
public final class NodeAgentMain {
  private NodeAgentMain() {}

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new NodeAgentCommand()).execute(arguments));
  }
}
