package dev.holdfast.node.agent;

import dev.holdfast.node.agent.status.Reporter;
import dev.holdfast.node.execute.AuditLog;
import dev.holdfast.node.execute.Executor;
import dev.holdfast.node.host.DiskHost;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.MachineHost;
import dev.holdfast.node.host.NetworkHost;
import dev.holdfast.node.plan.Desired;
import dev.holdfast.node.plan.HostState;
import dev.holdfast.node.plan.Planner;
import dev.holdfast.node.plan.Subject;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one host as the control plane wants it and keeps it so. Nothing that runs is touched when
 * the agent ends or loses the control plane.
 */
public final class NodeAgent implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(NodeAgent.class);

  /**
   * How often everything is read afresh and compared, in case an event was missed or somebody
   * interfered.
   */
  static final Duration RESYNC = Duration.ofSeconds(60);

  private static final Subject.Networks NETWORKS = new Subject.Networks();

  private final ControlPlane controlPlane;
  private final Host host;
  private final Executor executor;
  private final MachineController machines;
  private final DiskController disks;
  private final NodeReporter node;
  private final Capabilities capabilities;
  private final Clock clock;
  private final KeyedQueue<Subject> queue = new KeyedQueue<>(this::handle);
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("node-agent-heartbeat").factory());

  private NodeAgent(
      KubernetesClient client,
      String nodeName,
      String version,
      Capabilities capabilities,
      DiskHost diskHost,
      NetworkHost networkHost,
      MachineHost machineHost,
      Clock clock) {
    this.capabilities = capabilities;
    this.clock = clock;
    controlPlane = new ControlPlane(client, nodeName);
    host = new Host(machineHost, diskHost, new CachedNetworks(networkHost));
    executor = new Executor(diskHost, host.networks(), machineHost, new AuditLog());
    Reporter reporter = new Reporter(client, nodeName, clock);
    machines = new MachineController(controlPlane, host, executor, reporter, new Random(), clock);
    disks = new DiskController(controlPlane, host, executor, reporter, new Random(), clock);
    node = new NodeReporter(client, host, reporter, nodeName, version, clock);
  }

  /**
   * Starts an agent. Returns when it has read everything that is wanted and has begun to make it
   * so.
   *
   * @param nodeName name of the HypervisorNode that the host is, or becomes
   * @throws TimeoutException when the API server does not answer within 60 s
   */
  public static NodeAgent start(
      KubernetesClient client,
      String nodeName,
      String version,
      Capabilities capabilities,
      DiskHost diskHost,
      NetworkHost networkHost,
      MachineHost machineHost,
      Clock clock)
      throws TimeoutException, InterruptedException {
    NodeAgent agent =
        new NodeAgent(
            client, nodeName, version, capabilities, diskHost, networkHost, machineHost, clock);
    agent.begin();
    return agent;
  }

  private void begin() throws TimeoutException, InterruptedException {
    // Until everything was read, what runs would seem unwanted, so nothing is handled before.
    controlPlane.start(Duration.ofSeconds(60));
    host.machines().onChange(uuid -> queue.add(new Subject.Machine(uuid)));
    controlPlane.onChange(
        uuid -> queue.add(new Subject.Machine(uuid)),
        path -> queue.add(new Subject.Disk(path)),
        pool -> timer.execute(this::reportNode));
    timer.execute(this::heartbeat);
    timer.execute(this::reportNode);
    resync();
    var _ =
        timer.scheduleWithFixedDelay(
            this::heartbeat,
            NodeReporter.HEARTBEAT.toMillis(),
            NodeReporter.HEARTBEAT.toMillis(),
            TimeUnit.MILLISECONDS);
    var _ =
        timer.scheduleWithFixedDelay(
            this::resyncAndReport, RESYNC.toMillis(), RESYNC.toMillis(), TimeUnit.MILLISECONDS);
  }

  private Desired desired() {
    return controlPlane.desired(machines::notBefore);
  }

  private void resyncAndReport() {
    resync();
    reportNode();
  }

  private void resync() {
    refresh();
    Desired desired = desired();
    desired.disks().keySet().forEach(path -> queue.add(new Subject.Disk(path)));
    desired.machines().keySet().forEach(uuid -> queue.add(new Subject.Machine(uuid)));
    try {
      HostState observed = host.observe();
      observed.machines().keySet().forEach(uuid -> queue.add(new Subject.Machine(uuid)));
      observed
          .taps()
          .values()
          .forEach(tap -> queue.add(new Subject.Machine(tap.definition().machineUuid())));
    } catch (HostException e) {
      LOG.warn("the host cannot be read: {}", e.getMessage());
    }
    queue.add(NETWORKS);
  }

  private void refresh() {
    try {
      host.refresh();
    } catch (HostException e) {
      LOG.warn("the host cannot be read: {}", e.getMessage());
    }
  }

  private void heartbeat() {
    guarded(node::heartbeat);
  }

  private void reportNode() {
    guarded(() -> node.report(capabilities, controlPlane.pools(), orphans()));
  }

  private Set<String> orphans() {
    try {
      return new Planner(desired(), host.observe(), clock.instant()).orphans();
    } catch (HostException e) {
      LOG.warn("the host cannot be read: {}", e.getMessage());
      return Set.of();
    }
  }

  /** An exception would end a scheduled task for good. */
  private static void guarded(Runnable task) {
    try {
      task.run();
    } catch (KubernetesClientException e) {
      LOG.warn("the API server could not be told about this node", e);
    } catch (RuntimeException e) {
      LOG.error("reporting this node failed; it is tried again", e);
    }
  }

  private void handle(Subject subject) {
    Duration again;
    try {
      again = dispatch(subject);
    } catch (HostException e) {
      LOG.warn("{}: {}", subject, e.getMessage());
      refresh();
      again = Duration.ofSeconds(5);
    } catch (KubernetesClientException e) {
      LOG.warn("{}: the API server could not be written to", subject, e);
      again = Duration.ofSeconds(1);
    }
    if (again != null) {
      queue.addAfter(subject, again);
    }
  }

  private @Nullable Duration dispatch(Subject subject) throws HostException {
    return switch (subject) {
      case Subject.Machine machine -> {
        Duration again = machines.handle(machine.uuid());
        if (controlPlane.machine(machine.uuid()).isEmpty()) {
          queue.add(NETWORKS);
        }
        yield again;
      }
      case Subject.Disk disk -> {
        Duration again = disks.handle(disk.path());
        users(disk.path()).forEach(queue::add);
        yield again;
      }
      case Subject.Networks networks -> {
        executor.execute(new Planner(desired(), host.observe(), clock.instant()).networks());
        yield null;
      }
    };
  }

  /** Machines that may wait for the disk, and those that hold up its deletion. */
  private Set<Subject> users(String path) {
    Set<Subject> users = new HashSet<>();
    desired()
        .machines()
        .values()
        .forEach(
            machine ->
                machine.spec().disksOrEmpty().stream()
                    .filter(disk -> disk.path().equals(path))
                    .forEach(disk -> users.add(new Subject.Machine(machine.spec().uuid()))));
    return users;
  }

  /** Stops watching and acting; machines, disks and networks stay as they are. */
  @Override
  public void close() {
    timer.shutdownNow();
    controlPlane.close();
    queue.close();
  }
}
