package dev.holdfast.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The user that commands need which change the host. */
final class RootUser {
  private RootUser() {}

  /**
   * Does nothing for root.
   *
   * @throws ParameterException for anybody else
   */
  static void require(CommandSpec command) {
    if (!System.getProperty("user.name").equals("root")) {
      throw new ParameterException(
          command.commandLine(), "it makes bridges and starts machines: run it as root");
    }
  }
}
