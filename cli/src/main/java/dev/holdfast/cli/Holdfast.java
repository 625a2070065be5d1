package dev.holdfast.cli;

import dev.holdfast.cli.host.Access;
import dev.holdfast.keeper.KeeperCommand;
import dev.holdfast.keeper.LeaseCommand;
import dev.holdfast.node.agent.NodeAgentCommand;
import dev.holdfast.node.host.HostException;
import dev.holdfast.operator.OperatorCommand;
import dev.holdfast.standalone.StandaloneCommand;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.ParseResult;

/** The holdfast command. */
@Command(
    name = "holdfast",
    version = "holdfast 0.1.0",
    mixinStandardHelpOptions = true,
    description = "Runs virtual machines from manifests.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      QuickstartCommand.class,
      UpCommand.class,
      DownCommand.class,
      StandaloneCommand.class,
      MoveCommand.class,
      LeaseCommand.class,
      OperatorCommand.class,
      NodeAgentCommand.class,
      HelpCommand.class
    },
    footer = {
      "",
      "Done by the script itself:",
      "  kubectl ARGUMENTS...  kubectl as administrator of the control plane that runs here",
      "  build                 builds what has changed",
      "  test                  runs the whole test suite (mvn verify)",
      "  benchmark [COMMAND]   measures; 'benchmark --help' tells what",
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
    CommandLine commandLine = new CommandLine(new Holdfast(), new Factory());
    commandLine.addSubcommand("keeper", new KeeperCommand());
    for (CommandLine command : commandLine.getSubcommands().values()) {
      command.getCommandSpec().mixinStandardHelpOptions(true);
    }
    commandLine.setUsageHelpAutoWidth(true);
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setExecutionExceptionHandler(Holdfast::failed);
    return commandLine;
  }

  /** Makes commands; the control plane's is told what operator and agent may do. */
  private static final class Factory implements CommandLine.IFactory {
    @Override
    public <K> K create(Class<K> type) throws Exception {
      return type == StandaloneCommand.class
          ? type.cast(new StandaloneCommand(Access.rights()))
          : CommandLine.defaultFactory().create(type);
    }
  }

  /**
   * What went wrong outside is told in a sentence; for what nobody foresaw, a stack trace helps.
   */
  private static int failed(Exception failure, CommandLine command, ParseResult ignored)
      throws Exception {
    boolean foreseen =
        failure instanceof IOException
            || failure instanceof HostException
            || failure instanceof TimeoutException
            || failure instanceof KubernetesClientException;
    if (!foreseen) {
      throw failure;
    }
    String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    command.getErr().println(command.getCommandSpec().qualifiedName() + ": " + message);
    return ExitCode.SOFTWARE;
  }
}
