package dev.holdfast.cli;

import dev.holdfast.cli.down.Teardown;
import dev.holdfast.cli.host.Directories;
import dev.holdfast.cli.log.Logs;
import dev.holdfast.cli.quickstart.DebianPackage;
import dev.holdfast.cli.step.LineProgress;
import dev.holdfast.cli.step.LiveProgress;
import dev.holdfast.cli.step.Progress;
import dev.holdfast.cli.step.StepLog;
import dev.holdfast.cli.step.StepRunner;
import java.io.Console;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "down",
    description = {
      "Stops everything on this host: 'up', the machines, the keeper; removes their networks and"
          + " the run directory. Only what is provably Holdfast's is touched.",
      "Keeps the data directory: 'holdfast up' brings the same machines back. May be run again at"
          + " any time."
    })
final class DownCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DirectoryOptions options = new DirectoryOptions();

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "10",
      description =
          "How long machines may take to shut down before they are killed; 0 kills them at once"
              + " (default: ${DEFAULT-VALUE}).")
  private int timeoutSeconds = 10;

  @Option(
      names = "--purge",
      description =
          "Remove the data directory too: all objects, certificates, logs, and the disks in it.")
  private boolean purge;

  @Option(
      names = {"-y", "--yes"},
      description = "Do not ask before --purge.")
  private boolean yes;

  @Override
  public Integer call() throws IOException, InterruptedException {
    RootUser.require(spec);
    if (timeoutSeconds < 0) {
      throw new ParameterException(spec.commandLine(), "--timeout cannot be negative");
    }
    Directories directories = options.directories();
    Console terminal =
        Optional.ofNullable(System.console()).filter(Console::isTerminal).orElse(null);
    PrintStream out = System.out;
    if (purge && !announce(directories.data(), out, terminal)) {
      out.println("Nothing was done.");
      return 1;
    }
    if (!Files.exists(directories.data()) && !Files.exists(directories.run())) {
      out.println("Nothing of Holdfast is on this machine.");
      return 0;
    }
    Path logs =
        Files.exists(directories.data())
            ? directories.logs()
            : Files.createTempDirectory("holdfast-down");
    InstantSource clock = InstantSource.system();
    boolean done;
    try (StepLog log = StepLog.create(logs.resolve("down.log"));
        LiveProgress live = terminal != null ? new LiveProgress(out, clock) : null) {
      Logs.toFile(log.file());
      Progress progress = live != null ? live : new LineProgress(out);
      Teardown teardown =
          new Teardown(
              directories,
              Duration.ofSeconds(timeoutSeconds),
              clock,
              DebianPackage.programsOn(System.getenv().getOrDefault("PATH", "")),
              progress::detail);
      done = new StepRunner(progress, System.err, clock, log).run(teardown.steps(purge));
    }
    if (done) {
      out.println(
          purge
              ? "Nothing of Holdfast is left on this machine."
              : "Everything is stopped. Kept: "
                  + directories.data()
                  + " ('./holdfast up' goes on with it, './holdfast down --purge' removes it).");
    }
    return done ? 0 : 1;
  }

  /** Says what will be lost and asks, unless that was answered by --yes. */
  private boolean announce(Path data, PrintStream out, @Nullable Console asks) {
    out.println(
        "--purge removes " + data + " with all objects, certificates, logs and disks in it.");
    if (yes) {
      return true;
    }
    if (asks == null) {
      throw new ParameterException(
          spec.commandLine(), "--purge needs --yes where there is no terminal to ask on");
    }
    String answer = asks.readLine("Remove it? [y/N] ");
    return answer != null && answer.strip().toLowerCase(Locale.ROOT).startsWith("y");
  }
}
