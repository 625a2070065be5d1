package dev.holdfast.standalone;

import dev.holdfast.standalone.security.Rights;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code holdfast standalone}: the control plane alone, in the foreground. */
@Command(
    name = "standalone",
    description =
        "Serves the Kubernetes API on this host, without a cluster. Its kubeconfig is written to"
            + " the data directory. Ends on SIGTERM or Ctrl-C.",
    subcommands = {BackupCommand.class, RestoreCommand.class},
    mixinStandardHelpOptions = true)
public final class StandaloneCommand implements Callable<Integer> {
  private final Rights rights;

  @SuppressWarnings("NullAway.Init") // set by picocli before call()
  @Spec
  private CommandSpec spec;

  @Option(
      names = "--data-dir",
      required = true,
      scope = ScopeType.INHERIT,
      paramLabel = "DIR",
      description = "Where everything is kept that survives a restart; made when it is missing.")
  private Path dataDirectory = Path.of("");

  @Option(
      names = "--port",
      paramLabel = "N",
      defaultValue = "0",
      description = "TCP port; 0 (the default) for the one used before, or any that is free.")
  private int port;

  @Option(
      names = "--listen",
      paramLabel = "ADDRESS",
      description =
          "Address to listen on (default: loopback). Anything else can be reached from the network"
              + " and is protected by client certificates only.")
  private @Nullable InetAddress address;

  @Option(
      names = "--no-garbage-collection",
      description =
          "Leave objects whose owners are gone, as an API server does that runs alone, without"
              + " the controllers of a cluster; to compare with one.")
  private boolean withoutGarbageCollector;

  /**
   * @param rights what operator and agent may do
   */
  public StandaloneCommand(Rights rights) {
    this.rights = rights;
  }

  Path dataDirectory() {
    return dataDirectory;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    StandaloneOptions options =
        StandaloneOptions.in(dataDirectory).withRights(rights).withPort(port);
    if (address != null) {
      options = options.withAddress(address);
    }
    if (withoutGarbageCollector) {
      options = options.withoutGarbageCollector();
    }
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch stopped = new CountDownLatch(1);
    try (StandaloneControlPlane plane = StandaloneControlPlane.start(options)) {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> end(stop, stopped), "shutdown"));
      PrintWriter out = spec.commandLine().getOut();
      out.println("Serving " + plane.url());
      out.println("export KUBECONFIG=" + dataDirectory.toAbsolutePath().resolve("kubeconfig"));
      out.flush();
      stop.await();
    } finally {
      stopped.countDown();
    }
    return 0;
  }

  private static void end(CountDownLatch stop, CountDownLatch stopped) {
    stop.countDown();
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
