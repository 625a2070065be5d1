package dev.holdfast.cli;

import dev.holdfast.cli.host.Directories;
import dev.holdfast.cli.quickstart.DebianPackage;
import dev.holdfast.cli.quickstart.Quickstart;
import dev.holdfast.cli.step.LineProgress;
import dev.holdfast.cli.step.LiveProgress;
import dev.holdfast.cli.step.Programs;
import dev.holdfast.cli.step.Progress;
import dev.holdfast.cli.step.StepLog;
import dev.holdfast.cli.step.StepRunner;
import java.io.Console;
import java.io.IOException;
import java.io.PrintStream;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "quickstart",
    description = {
      "From a fresh machine to a running guest: installs what is missing, makes a small Linux"
          + " guest, starts everything, applies examples/quickstart with kubectl, and fetches a"
          + " page from inside the guest.",
      "Leaves everything running; 'holdfast down' stops it. May be run again at any time."
    })
final class QuickstartCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DirectoryOptions options = new DirectoryOptions();

  @Option(
      names = {"-y", "--yes"},
      description = "Install what is missing without asking, as happens without a terminal.")
  private boolean yes;

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintStream out = System.out;
    RootUser.require(spec);
    Directories directories = options.directories();
    Console terminal =
        Optional.ofNullable(System.console()).filter(Console::isTerminal).orElse(null);
    List<DebianPackage> missing =
        DebianPackage.missing(DebianPackage.programsOn(System.getenv().getOrDefault("PATH", "")));
    if (!announce(missing, out, terminal)) {
      out.println("Nothing was installed.");
      return 1;
    }
    InstantSource clock = InstantSource.system();
    Map<String, String> environment =
        Map.of(
            "KUBECONFIG", directories.kubeconfig().toString(), "DEBIAN_FRONTEND", "noninteractive");
    try (StepLog log = StepLog.create(directories.logs().resolve("quickstart.log"));
        LiveProgress live = terminal != null ? new LiveProgress(out, clock) : null) {
      Progress progress = live != null ? live : new LineProgress(out);
      Programs programs = new Programs(environment, log, progress::detail);
      Quickstart quickstart = new Quickstart(Home.directory(), directories, programs, clock);
      StepRunner runner = new StepRunner(progress, System.err, clock, log);
      if (!runner.run(quickstart.steps(missing))) {
        return 1;
      }
      out.print(quickstart.summary());
      return 0;
    }
  }

  /** Says what will be installed, and on a terminal asks first. */
  private boolean announce(List<DebianPackage> missing, PrintStream out, @Nullable Console asks) {
    if (missing.isEmpty()) {
      return true;
    }
    out.println("These Debian packages are missing and will be installed with apt-get:");
    for (DebianPackage needed : missing) {
      out.printf(Locale.ROOT, "  %-18s %s%n", needed.name(), needed.purpose());
    }
    if (yes) {
      return true;
    }
    if (asks == null) {
      out.println("There is no terminal to ask on: installing them.");
      return true;
    }
    String answer = asks.readLine("Install them? [Y/n] ");
    if (answer == null) {
      out.println();
    }
    return answer != null
        && (answer.isBlank() || answer.strip().toLowerCase(Locale.ROOT).startsWith("y"));
  }
}
