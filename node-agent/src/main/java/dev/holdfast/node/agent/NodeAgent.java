package dev.holdfast.node.agent;

import dev.holdfast.crds.machine.VirtualMachineInstanceSpec;
import dev.holdfast.node.agent.status.Reporter;
import dev.holdfast.node.execute.AuditLog;
import dev.holdfast.node.execute.Executor;
import dev.holdfast.node.host.DiskHost;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.host.LeaseHost;
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
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
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
  private final LockspaceController lockspaces;
  private final LeaseMemory leases = new LeaseMemory(new Random());
  private final NodeReporter node;
  private final Capabilities capabilities;
  private final Clock clock;
  private final KeyedQueue<Subject> queue = new KeyedQueue<>(this::handle);
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("node-agent-heartbeat").factory());

  /** Apart from the heartbeat, which must not wait for storage. */
  private final ScheduledExecutorService reports =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("node-agent-report").factory());

  private final AtomicBoolean reportIsDue = new AtomicBoolean();

  private NodeAgent(
      KubernetesClient client,
      String nodeName,
      String version,
      Capabilities capabilities,
      DiskHost diskHost,
      NetworkHost networkHost,
      MachineHost machineHost,
      LeaseHost leaseHost,
      Clock clock) {
    this.capabilities = capabilities;
    this.clock = clock;
    controlPlane = new ControlPlane(client, nodeName);
    host = new Host(machineHost, diskHost, new CachedNetworks(networkHost), leaseHost);
    executor = new Executor(diskHost, host.networks(), machineHost, leaseHost, new AuditLog());
    Reporter reporter = new Reporter(client, nodeName, clock);
    machines =
        new MachineController(controlPlane, host, executor, reporter, leases, new Random(), clock);
    disks = new DiskController(controlPlane, host, executor, reporter, leases, new Random(), clock);
    lockspaces = new LockspaceController(controlPlane, host, executor, leases, new Random(), clock);
    node =
        new NodeReporter(
            client, controlPlane, host, lockspaces, reporter, nodeName, version, clock);
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
      LeaseHost leaseHost,
      Clock clock)
      throws TimeoutException, InterruptedException {
    NodeAgent agent =
        new NodeAgent(
            client,
            nodeName,
            version,
            capabilities,
            diskHost,
            networkHost,
            machineHost,
            leaseHost,
            clock);
    agent.begin();
    return agent;
  }

  private void begin() throws TimeoutException, InterruptedException {
    // Until everything was read, what runs would seem unwanted, so nothing is handled before.
    controlPlane.start(Duration.ofSeconds(60));
    host.machines().onChange(uuid -> queue.add(new Subject.Machine(uuid)));
    host.leases().listen(new LeaseEvents());
    controlPlane.onChange(
        uuid -> queue.add(new Subject.Machine(uuid)),
        path -> queue.add(new Subject.Disk(path)),
        pool -> {
          addLockspaces();
          reportSoon();
        });
    timer.execute(this::heartbeat);
    reportSoon();
    resync();
    var _ =
        timer.scheduleWithFixedDelay(
            this::heartbeat,
            NodeReporter.HEARTBEAT.toMillis(),
            NodeReporter.HEARTBEAT.toMillis(),
            TimeUnit.MILLISECONDS);
    var _ =
        reports.scheduleWithFixedDelay(
            this::resyncAndReport, RESYNC.toMillis(), RESYNC.toMillis(), TimeUnit.MILLISECONDS);
  }

  private Desired desired() {
    return controlPlane.desired(machines::notBefore, leases);
  }

  private void resyncAndReport() {
    resync();
    reportNode();
  }

  private void resync() {
    refresh();
    Desired desired = desired();
    addLockspaces();
    desired.disks().keySet().forEach(path -> queue.add(new Subject.Disk(path)));
    desired.machines().keySet().forEach(uuid -> queue.add(new Subject.Machine(uuid)));
    try {
      HostState observed = host.observe();
      observed.machines().keySet().forEach(uuid -> queue.add(new Subject.Machine(uuid)));
      observed.leases().held().keySet().forEach(uuid -> queue.add(new Subject.Machine(uuid)));
      observed
          .taps()
          .values()
          .forEach(tap -> queue.add(new Subject.Machine(tap.definition().machineUuid())));
    } catch (HostException e) {
      LOG.warn("the host cannot be read: {}", e.getMessage());
    }
    queue.add(NETWORKS);
  }

  /** Those that are wanted, and those that are joined. */
  private void addLockspaces() {
    desired().lockspaces().keySet().forEach(name -> queue.add(new Subject.Lockspace(name)));
    try {
      host.leases()
          .leases()
          .lockspaces()
          .keySet()
          .forEach(name -> queue.add(new Subject.Lockspace(name)));
    } catch (HostException e) {
      LOG.warn("the lockspaces of this host are not known: {}", e.getMessage());
    }
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

  /** Reports the node, once for all that have asked for it meanwhile. */
  private void reportSoon() {
    if (reportIsDue.compareAndSet(false, true)) {
      try {
        reports.execute(
            () -> {
              reportIsDue.set(false);
              reportNode();
            });
      } catch (RejectedExecutionException closed) {
        LOG.debug("the node is not reported any more", closed);
      }
    }
  }

  private void reportNode() {
    guarded(() -> node.report(capabilities, orphans()));
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
      case Subject.Lockspace lockspace -> {
        Duration again = lockspaces.handle(lockspace.name());
        reportSoon();
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

  /** Has everything that waits for the lockspace, or depends on it, looked at again. */
  private void addUsers(String lockspace) {
    Desired desired = desired();
    desired.machines().values().stream()
        .map(Desired.Machine::spec)
        .filter(
            spec ->
                spec.disksOrEmpty().stream()
                    .map(VirtualMachineInstanceSpec.Disk::lease)
                    .anyMatch(lease -> lease != null && lockspace.equals(lease.lockspace())))
        .forEach(
            spec -> {
              leases.askAgain(spec.uuid());
              queue.add(new Subject.Machine(spec.uuid()));
            });
    desired.disks().values().stream()
        .map(Desired.Disk::spec)
        .filter(spec -> spec.lease() != null && lockspace.equals(spec.lease().lockspace()))
        .forEach(spec -> queue.add(new Subject.Disk(spec.path())));
  }

  private final class LeaseEvents implements LeaseHost.Listener {
    @Override
    public void lockspaceChanged(String name) {
      queue.add(new Subject.Lockspace(name));
      addUsers(name);
    }

    @Override
    public void leasesLost(String uuid, String reason) {
      leases.lost(uuid, reason);
      queue.add(new Subject.Machine(uuid));
    }

    @Override
    public void reconnected() {
      // A new keeper is in no lockspace and holds nothing.
      try {
        reports.execute(NodeAgent.this::resync);
      } catch (RejectedExecutionException closed) {
        LOG.debug("nothing is looked at any more", closed);
      }
    }
  }

  /** Stops watching and acting; machines, disks and networks stay as they are. */
  @Override
  public void close() {
    timer.shutdownNow();
    reports.shutdownNow();
    controlPlane.close();
    queue.close();
  }
}
