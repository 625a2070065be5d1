package dev.holdfast.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The holdfast command. */
@Command(
    name = "holdfast",
    version = "holdfast 0.1.0",
    mixinStandardHelpOptions = true,
    description = "Runs virtual machines from manifests.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {QuickstartCommand.class, HelpCommand.class},
    footer = {
      "",
      "Done by the script itself:",
      "  kubectl ARGUMENTS...  kubectl as administrator of the control plane that runs here",
      "  build                 builds what has changed",
      "  test                  runs the whole test suite (mvn verify)",
      "  format [--check]      formats the Java sources",
      "",
      "'holdfast help COMMAND' tells more."
    })
public final class Holdfast {
  private Holdfast() {}

  /** Runs one command and exits with its status: 0 success, 1 failure, 2 wrong usage. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    CommandLine commandLine = new CommandLine(new Holdfast());
    for (CommandLine command : commandLine.getSubcommands().values()) {
      command.getCommandSpec().mixinStandardHelpOptions(true);
    }
    commandLine.setUsageHelpAutoWidth(true);
    return commandLine;
  }
}
