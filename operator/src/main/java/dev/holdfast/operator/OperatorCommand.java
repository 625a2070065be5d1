package dev.holdfast.operator;

import dev.holdfast.crds.Clients;
import dev.holdfast.operator.placement.Overcommit;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs the operator until it is told to stop. */
@Command(
    name = "operator",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Runs the operator, which places machines on nodes and tells how they are.",
      "It ends with 1 when it cannot go on (it lost leadership, or a watch ended for ever), so that"
          + " whoever started it starts it again."
    })
public final class OperatorCommand implements Callable<Integer> {
  private static final OperatorOptions DEFAULTS = OperatorOptions.defaults();
  private static final long MEBIBYTE = 1L << 20;

  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description =
          "How to reach the API server. Without it: $KUBECONFIG, ~/.kube/config, or the service"
              + " account of the pod.")
  private @Nullable Path kubeconfig;

  @Option(
      names = "--leader-election",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "Let one of several operators work at a time (default: ${DEFAULT-VALUE}).")
  private boolean leaderElection = true;

  @Option(
      names = "--cpu-overcommit",
      paramLabel = "RATIO",
      description = "Virtual CPUs per CPU of a node (default: ${DEFAULT-VALUE}).")
  private double cpuOvercommit = DEFAULTS.overcommit().cpu();

  @Option(
      names = "--memory-overcommit",
      paramLabel = "RATIO",
      description = "Guest memory per memory of a node (default: ${DEFAULT-VALUE}).")
  private double memoryOvercommit = DEFAULTS.overcommit().memory();

  @Option(
      names = "--reserved-memory",
      paramLabel = "MIB",
      description = "Memory in MiB that is left to every node itself (default: ${DEFAULT-VALUE}).")
  private long reservedMebibytes = DEFAULTS.overcommit().reservedMemoryBytes() / MEBIBYTE;

  @Option(
      names = "--node-timeout",
      paramLabel = "SECONDS",
      description =
          "A node whose agent gave no sign of life for that long is lost (default:"
              + " ${DEFAULT-VALUE}).")
  private long nodeTimeoutSeconds = DEFAULTS.nodeTimeout().toSeconds();

  @Option(
      names = "--first-uid",
      paramLabel = "UID",
      description = "Lowest user id that QEMU runs as (default: ${DEFAULT-VALUE}).")
  private int firstUid = DEFAULTS.firstUid();

  @Option(
      names = "--workers",
      paramLabel = "NUMBER",
      description = "Objects that are worked on at the same time (default: ${DEFAULT-VALUE}).")
  private int workers = DEFAULTS.workers();

  @Override
  public Integer call() {
    CompletableFuture<Integer> end = new CompletableFuture<>();
    CountDownLatch closed = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  end.complete(0);
                  awaitQuietly(closed);
                },
                "holdfast-operator-stop"));
    try (KubernetesClient client = Clients.of(config())) {
      HoldfastOperator operator =
          HoldfastOperator.start(
              client,
              options(),
              reason -> {
                System.err.println("holdfast operator: cannot go on: " + reason);
                end.complete(1);
              });
      try {
        return end.join();
      } finally {
        operator.close();
      }
    } finally {
      closed.countDown();
    }
  }

  OperatorOptions options() {
    return new OperatorOptions(
        leaderElection ? OperatorOptions.LEADER_LEASE : null,
        new Overcommit(cpuOvercommit, memoryOvercommit, reservedMebibytes * MEBIBYTE),
        Duration.ofSeconds(nodeTimeoutSeconds),
        firstUid,
        workers,
        DEFAULTS.retryInterval(),
        DEFAULTS.longestRetryInterval(),
        DEFAULTS.terminationTimeout());
  }

  private Config config() {
    return kubeconfig == null
        ? Config.autoConfigure(null)
        : Config.fromKubeconfig(kubeconfig.toFile());
  }

  private void awaitQuietly(CountDownLatch closed) {
    try {
      // Twice the time that the operator gives itself: after that the process may just as well end.
      boolean inTime =
          closed.await(2 * DEFAULTS.terminationTimeout().toSeconds(), TimeUnit.SECONDS);
      if (!inTime) {
        System.err.println("holdfast operator: did not stop in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
