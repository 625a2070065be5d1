package dev.holdfast.operator;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.cache.UserIds;
import dev.holdfast.operator.disk.VirtualDiskReconciler;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.machine.VirtualMachineReconciler;
import dev.holdfast.operator.network.VirtualNetworkReconciler;
import dev.holdfast.operator.node.NodeHealth;
import dev.holdfast.operator.node.NodeMonitor;
import dev.holdfast.operator.pool.StoragePoolReconciler;
import dev.holdfast.operator.status.EventRecorder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.ConfigurationServiceOverrider;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator: turns VirtualMachines, VirtualDisks, VirtualNetworks and StoragePools into what
 * node agents work on, and their reports into status. Several may run in one process.
 */
public final class HoldfastOperator implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HoldfastOperator.class);
  private static final String LEADER_LEASE = "holdfast-operator";
  private static final Duration HEALTH_INTERVAL = Duration.ofSeconds(1);

  private final OperatorOptions options;
  private final Consumer<String> onFailure;
  private final ClusterCache cluster;
  private final NodeMonitor monitor;
  private final ScheduledExecutorService scheduler;
  private final ExecutorService workers;
  private final Operator operator;
  private volatile boolean closing;

  private HoldfastOperator(
      KubernetesClient client, OperatorOptions options, Consumer<String> onFailure) {
    this.options = options;
    this.onFailure = onFailure;
    Clock clock = Clock.systemUTC();
    EventRecorder events = new EventRecorder(client, clock);
    Identity identity =
        Identity.of(
            ensureNamespace(client, Holdfast.SYSTEM_NAMESPACE),
            ensureNamespace(client, "kube-system"));
    scheduler =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("holdfast-node-health").factory());
    // As many virtual threads as reconciliations may run at the same time: each blocks on the API.
    // What comes when it has stopped is for the next leader, so it is discarded.
    workers =
        new ThreadPoolExecutor(
            options.workers(),
            options.workers(),
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Thread.ofVirtual().name("holdfast-reconcile-", 0).factory(),
            new ThreadPoolExecutor.DiscardPolicy());
    cluster = new ClusterCache(client);
    monitor =
        new NodeMonitor(
            cluster.heartbeats(),
            new NodeHealth(options.nodeTimeout(), System::nanoTime),
            scheduler,
            HEALTH_INTERVAL);
    operator = new Operator(overrider -> configure(overrider, client));
    UserIds userIds = new UserIds(cluster, options.firstUid());
    register(
        new VirtualMachineReconciler(
            client, cluster, monitor, identity, options.overcommit(), userIds, events, clock));
    register(new VirtualDiskReconciler(client, cluster, monitor, identity, userIds, events, clock));
    register(new VirtualNetworkReconciler(cluster, identity, events, clock));
    register(new StoragePoolReconciler(cluster, monitor, events, clock));
  }

  /** As {@link #start(KubernetesClient, OperatorOptions, Consumer)}, with failures only logged. */
  public static HoldfastOperator start(KubernetesClient client, OperatorOptions options) {
    return start(client, options, reason -> LOG.error("the operator cannot go on: {}", reason));
  }

  /**
   * Reads the cluster and starts working; with leader election, as soon as this is the leader.
   *
   * @param client stays open when the operator is closed
   * @param onFailure called with a reason when the operator cannot go on and has to be started
   *     again: it lost leadership, or a watch ended for ever
   * @throws IllegalStateException if the Holdfast kinds cannot be listed
   */
  public static HoldfastOperator start(
      KubernetesClient client, OperatorOptions options, Consumer<String> onFailure) {
    HoldfastOperator operator = new HoldfastOperator(client, options, onFailure);
    boolean started = false;
    try {
      operator.cluster.start(
          failure -> operator.fail("a watch ended for ever: " + failure.getMessage()));
      operator.monitor.start();
      operator.operator.start();
      started = true;
      return operator;
    } finally {
      if (!started) {
        operator.close();
      }
    }
  }

  /** Stops working; machines run on. Waits for what is under way. */
  @Override
  public void close() {
    closing = true;
    operator.stop();
    monitor.close();
    cluster.close();
    scheduler.shutdownNow();
    workers.shutdownNow();
  }

  private void configure(ConfigurationServiceOverrider overrider, KubernetesClient client) {
    overrider
        .withKubernetesClient(client)
        .withCloseClientOnStop(false)
        .withExecutorService(workers)
        .withConcurrentReconciliationThreads(options.workers())
        .withReconciliationTerminationTimeout(options.terminationTimeout())
        .withUseSSAToPatchPrimaryResource(true)
        .withInformerStoppedHandler(
            (informer, failure) -> {
              if (failure != null) {
                fail("a watch ended for ever: " + failure.getMessage());
              }
            });
    Duration lease = options.leaderLease();
    if (lease != null) {
      overrider.withLeaderElectionConfiguration(leaderElection(lease));
    }
  }

  private LeaderElectionConfiguration leaderElection(Duration lease) {
    return LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(LEADER_LEASE)
        .withLeaseNamespace(Holdfast.SYSTEM_NAMESPACE)
        // The default is the host's name, which two operators of one host share: both would lead.
        .withIdentity(hostName() + "_" + UUID.randomUUID())
        .withLeaseDuration(lease)
        .withRenewDeadline(lease.multipliedBy(2).dividedBy(3))
        .withRetryPeriod(lease.multipliedBy(2).dividedBy(15))
        .withExitOnStopLeading(false)
        .withLeaderCallbacks(
            new LeaderCallbacks(
                () -> LOG.info("this operator is the leader now"),
                this::stopLeading,
                leader -> LOG.info("the leader is {}", leader)))
        .build();
  }

  // Another operator may begin at any moment: what is under way here must not write any more.
  private void stopLeading() {
    workers.shutdownNow();
    fail("it is not the leader any more");
  }

  private static String hostName() {
    String name = System.getenv("HOSTNAME");
    return name == null || name.isBlank() ? "operator" : name;
  }

  private <P extends HasMetadata> void register(Reconciler<P> reconciler) {
    GenericRetry retry =
        new GenericRetry()
            .setInitialInterval(options.retryInterval().toMillis())
            .setIntervalMultiplier(2)
            .setMaxInterval(options.longestRetryInterval().toMillis())
            .withoutMaxAttempts();
    operator.register(reconciler, configuration -> configuration.withRetry(retry));
  }

  private void fail(String reason) {
    if (!closing) {
      onFailure.accept(reason);
    }
  }

  private static Namespace ensureNamespace(KubernetesClient client, String name) {
    Namespace found = client.namespaces().withName(name).get();
    if (found != null) {
      return found;
    }
    try {
      return client
          .namespaces()
          .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
          .create();
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return client.namespaces().withName(name).require();
      }
      if (e.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
        throw new KubernetesClientException(
            "the namespace %1$s is missing, and the operator may not make it; as administrator, run: kubectl create namespace %1$s"
                .formatted(name),
            e);
      }
      throw e;
    }
  }
}
