package dev.holdfast.cli;

import dev.holdfast.cli.host.Directories;
import dev.holdfast.cli.host.PidFile;
import dev.holdfast.cli.host.SingleHost;
import dev.holdfast.cli.log.Logs;
import dev.holdfast.node.agent.metrics.MetricsOption;
import dev.holdfast.node.host.HostException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
    name = "up",
    description = {
      "Runs control plane, operator and node agent of this host in the foreground, and the keeper"
          + " beside them. Machines that ran before run again or still.",
      "Ctrl-C or SIGTERM stops it; machines run on without it. Killed or crashed, it is started"
          + " again at once. 'holdfast down' stops machines too."
    },
    exitCodeListHeading = "%nExit status:%n",
    exitCodeList = {
      "0:stopped as it was told to",
      "1:it could not start",
      "2:wrong usage",
      "3:it could not go on and has to be started again"
    })
final class UpCommand implements Callable<Integer> {
  /** The script starts `up` again after this status. */
  private static final int START_AGAIN = 3;

  /** For what is under way to end; after that the process may just as well end. */
  private static final int STOP_SECONDS = 30;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private DirectoryOptions options = new DirectoryOptions();
  @Mixin private MetricsOption metrics = new MetricsOption();

  @Override
  public Integer call() throws InterruptedException {
    RootUser.require(spec);
    Directories directories = options.directories();
    CompletableFuture<Integer> end = new CompletableFuture<>();
    CountDownLatch closed = new CountDownLatch(1);
    try {
      Optional<ProcessHandle> other = new PidFile(directories.upPid()).running();
      if (other.isPresent()) {
        System.err.printf(
            "holdfast up: already running as process %d; './holdfast down' stops it%n",
            other.get().pid());
        return 1;
      }
      Files.createDirectories(directories.logs());
      Logs.toFile(directories.upLog());
      Logs.auditToFile(directories.auditLog());
      // Made now, because it would be too late for its class's first use while the JVM ends.
      Logger log = LoggerFactory.getLogger(UpCommand.class);
      note(directories);
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(end, closed), "holdfast-up-stop"));
      return run(directories, end, log);
    } catch (IOException | HostException | TimeoutException | RuntimeException e) {
      return failed(directories, e);
    } finally {
      closed.countDown();
    }
  }

  private int run(Directories directories, CompletableFuture<Integer> end, Logger log)
      throws IOException, HostException, TimeoutException, InterruptedException {
    try (SingleHost host =
        SingleHost.start(
            directories,
            metrics.address(),
            reason -> {
              log.error("cannot go on: {}", reason);
              end.complete(START_AGAIN);
            })) {
      Files.createFile(directories.readyFile());
      log.info("started");
      System.out.printf(
          """
          Holdfast runs on node %s, its API is at %s
            export KUBECONFIG=%s
            log: %s
          Ctrl-C stops it; machines run on. ./holdfast down stops machines too.
          """,
          host.nodeName(), host.url(), directories.kubeconfig(), directories.upLog());
      int status = end.join();
      log.info("stopping; machines run on");
      return status;
    } finally {
      Files.deleteIfExists(directories.readyFile());
      new PidFile(directories.upPid()).delete();
    }
  }

  /** So that other commands find this process and the one that starts it again. */
  private static void note(Directories directories) throws IOException {
    Files.createDirectories(directories.run());
    // Of one that was killed.
    Files.deleteIfExists(directories.readyFile());
    new PidFile(directories.upPid()).write(ProcessHandle.current().pid());
    PidFile supervisorFile = new PidFile(directories.supervisorPid());
    String supervisor = System.getenv("HOLDFAST_SUPERVISOR");
    if (supervisor == null || !supervisor.matches("[0-9]{1,10}")) {
      supervisorFile.delete();
    } else {
      supervisorFile.write(Long.parseLong(supervisor));
    }
  }

  private static int failed(Directories directories, Exception failure) {
    LoggerFactory.getLogger(UpCommand.class).error("could not start", failure);
    String message = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    System.err.println("holdfast up: could not start: " + message);
    System.err.println("Log: " + directories.upLog());
    return 1;
  }

  private static void stop(CompletableFuture<Integer> end, CountDownLatch closed) {
    end.complete(0);
    try {
      if (!closed.await(STOP_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("holdfast up: did not stop within " + STOP_SECONDS + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
