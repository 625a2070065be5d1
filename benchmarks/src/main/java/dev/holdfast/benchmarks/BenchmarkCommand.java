package dev.holdfast.benchmarks;

import dev.holdfast.benchmarks.lease.LeaseBenchmark;
import dev.holdfast.benchmarks.plane.ControlPlaneBenchmark;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code ./holdfast benchmark}. */
@Command(
    name = "benchmark",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "[COMMAND]",
    subcommands = {ControlPlaneBenchmark.class, LeaseBenchmark.class},
    description =
        "Without a command: starts, footprint and re-adoption of machines beside the same QEMU"
            + " started by hand, in some minutes; as root, best on an idle machine.")
public final class BenchmarkCommand implements Callable<Integer> {
  private BenchmarkCommand() {}

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new BenchmarkCommand()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    StartBenchmark.run();
    return 0;
  }
}
