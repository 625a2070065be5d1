package dev.holdfast.keeper;

import dev.holdfast.keeper.fencing.WatchdogMode;
import dev.holdfast.keeper.handover.Handover;
import dev.holdfast.keeper.protocol.ProcessState;
import dev.holdfast.keeper.protocol.ProtocolJson;
import dev.holdfast.keeper.protocol.Tie;
import dev.holdfast.keeper.server.KeeperOptions;
import dev.holdfast.keeper.server.KeeperServer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The keeper as a program. */
@Command(
    name = "holdfast-keeper",
    mixinStandardHelpOptions = true,
    description =
        "Owns the processes of this host's virtual machines and answers on a unix socket until it"
            + " is told to end (SIGTERM).")
public final class KeeperCommand implements Callable<Integer> {
  /** sysexits.h: what the program needs is not there. */
  private static final int UNAVAILABLE = 69;

  @Option(
      names = "--socket",
      required = true,
      paramLabel = "PATH",
      description =
          "Unix socket to answer on (mode 0600, for root and this program's user). Its directory"
              + " must exist.")
  private Path socket = Path.of("keeper.sock");

  @Option(
      names = "--watchdog-fire-timeout",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description =
          "How long after the failure of a host its leases are left alone, for its watchdog to"
              + " reset it. Must be equal on all hosts that share storage, and 60 beside hosts that"
              + " run sanlock. Default: ${DEFAULT-VALUE}")
  private int watchdogFireTimeout = 60;

  @Option(
      names = "--watchdog",
      paramLabel = "MODE",
      defaultValue = "auto",
      description =
          "Whether wdmd shall reset the host when machines that lost their leases cannot be ended:"
              + " auto (where it answers), off, or required (without it no machine with such leases"
              + " is started). Default: ${DEFAULT-VALUE}")
  private WatchdogMode watchdog = WatchdogMode.AUTO;

  @Option(
      names = "--watchdog-socket",
      paramLabel = "PATH",
      defaultValue = "/run/wdmd/wdmd.sock",
      description = "Where wdmd answers. Default: ${DEFAULT-VALUE}")
  private Path watchdogSocket = KeeperOptions.DEFAULT_WATCHDOG_SOCKET;

  @Option(
      names = "--check-handover",
      paramLabel = "VERSION",
      hidden = true,
      description = "Only say by the exit code whether this program could follow another keeper's.")
  private int checkedHandover;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws InterruptedException {
    if (checkedHandover != 0) {
      return checkedHandover == Handover.VERSION ? 0 : UNAVAILABLE;
    }
    if (!socket.isAbsolute()) {
      throw new ParameterException(
          spec.commandLine(), "--socket must be an absolute path, not " + socket);
    }
    if (watchdogFireTimeout < 1) {
      throw new ParameterException(spec.commandLine(), "--watchdog-fire-timeout must be 1 or more");
    }
    var options =
        new KeeperOptions(
            socket, Duration.ofSeconds(watchdogFireTimeout), watchdog, watchdogSocket);
    try {
      Optional<Handover> predecessor = Handover.find(new ProtocolJson());
      KeeperServer server = KeeperServer.start(options, Clock.systemUTC(), predecessor);
      Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> end(server)));
    } catch (IOException failure) {
      say(String.valueOf(failure.getMessage()));
      return UNAVAILABLE;
    }
    say("answering on " + socket + " as process " + ProcessHandle.current().pid());
    new CountDownLatch(1).await();
    return 0;
  }

  private static void end(KeeperServer server) {
    long tied =
        server.processes().stream().filter(process -> isRunning(process, Tie.KEEPER_LIFE)).count();
    long independent =
        server.processes().stream().filter(process -> isRunning(process, Tie.INDEPENDENT)).count();
    say(
        "ending: "
            + independent
            + " machines live on, "
            + tied
            + " that are tied to the keeper's life end with it");
    try {
      server.close();
    } catch (IOException failure) {
      say("while ending: " + failure.getMessage());
    }
  }

  private static boolean isRunning(ProcessState process, Tie tie) {
    return process.isRunning() && process.tie() == tie;
  }

  private static void say(String text) {
    System.err.println("holdfast-keeper: " + text);
  }
}
