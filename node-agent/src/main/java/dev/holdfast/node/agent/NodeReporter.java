package dev.holdfast.node.agent;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeSpec;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.node.agent.status.InstanceStatus;
import dev.holdfast.node.agent.status.LockspaceStatus;
import dev.holdfast.node.agent.status.PatientPools;
import dev.holdfast.node.agent.status.Reporter;
import dev.holdfast.node.host.HostException;
import dev.holdfast.node.plan.HostLeases;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the cluster that this node is there, what it can do, and that it is alive. */
final class NodeReporter {
  private static final Logger LOG = LoggerFactory.getLogger(NodeReporter.class);

  /** How often the node's Lease is renewed; the operator gives a node up after 40 s without. */
  static final Duration HEARTBEAT = Duration.ofSeconds(10);

  /** Longer than any disk takes that works. */
  private static final Duration PATIENCE_WITH_POOLS = Duration.ofSeconds(5);

  private final KubernetesClient client;
  private final ControlPlane controlPlane;
  private final Host host;
  private final PatientPools pools;
  private final LockspaceController lockspaces;
  private final Reporter reporter;
  private final String nodeName;
  private final String agentVersion;
  private final Clock clock;

  NodeReporter(
      KubernetesClient client,
      ControlPlane controlPlane,
      Host host,
      LockspaceController lockspaces,
      Reporter reporter,
      String nodeName,
      String agentVersion,
      Clock clock) {
    this.client = client;
    this.controlPlane = controlPlane;
    this.host = host;
    this.pools = new PatientPools(host.disks(), PATIENCE_WITH_POOLS);
    this.lockspaces = lockspaces;
    this.reporter = reporter;
    this.nodeName = nodeName;
    this.agentVersion = agentVersion;
    this.clock = clock;
  }

  /**
   * Makes the HypervisorNode where it is missing and brings its status up to date.
   *
   * @param orphans UUIDs of machines that run although nobody wants them
   */
  void report(Capabilities capabilities, Set<String> orphans) {
    HypervisorNode found = client.resources(HypervisorNode.class).withName(nodeName).get();
    HypervisorNode node = found == null ? register(capabilities) : found;
    HypervisorNodeStatus before = node.getStatus();
    long generation = node.getMetadata().getGeneration();
    List<PoolStatus> poolStatuses = poolStatuses(node);
    boolean written =
        reporter.writeStatus(
            node,
            new HypervisorNodeStatus(
                generation,
                capabilities.architecture(),
                capabilities.cpus(),
                capabilities.memoryBytes(),
                capabilities.kernelVersion(),
                agentVersion,
                capabilities.qemuVersion(),
                capabilities.machineTypes(),
                capabilities.accelerators(),
                poolStatuses,
                conditions(before, generation, capabilities, poolStatuses, orphans)));
    if (written) {
      LockspaceStatus.news(before == null ? null : before.pools(), poolStatuses)
          .forEach(
              news ->
                  reporter.event(
                      node,
                      news.bad() ? Reporter.Severity.WARNING : Reporter.Severity.NORMAL,
                      news.reason(),
                      news.message()));
    }
  }

  private HypervisorNode register(Capabilities capabilities) {
    HypervisorNode node = new HypervisorNode();
    node.setMetadata(
        new ObjectMetaBuilder()
            .withName(nodeName)
            .withLabels(
                Map.of(
                    "kubernetes.io/hostname",
                    nodeName,
                    "kubernetes.io/arch",
                    switch (capabilities.architecture()) {
                      case X86_64 -> "amd64";
                      case AARCH64 -> "arm64";
                    }))
            .build());
    node.setSpec(new HypervisorNodeSpec(false, null));
    LOG.info("registering this host as HypervisorNode {}", nodeName);
    return client.resource(node).create();
  }

  private List<Condition> conditions(
      HypervisorNodeStatus before,
      long generation,
      Capabilities capabilities,
      List<PoolStatus> poolStatuses,
      Set<String> orphans) {
    Conditions conditions =
        new Conditions(before == null ? null : before.conditions(), generation, clock.instant())
            .add(Condition.READY, true, "AgentReady", "the node agent has read the host");
    capabilities.accelerators().stream()
        .filter(accelerator -> accelerator.name() == Accelerator.KVM)
        .findFirst()
        .ifPresent(kvm -> addKvm(conditions, kvm));
    LockspaceStatus.addTo(conditions, poolStatuses);
    if (!orphans.isEmpty()) {
      conditions.add(
          "OrphanedMachines",
          true,
          "NotWanted",
          "QEMU runs for machines that nobody wants: %s; end them by hand or apply their VirtualMachine again"
              .formatted(String.join(", ", new TreeSet<>(orphans))));
    }
    return conditions.toList();
  }

  private static void addKvm(Conditions conditions, AcceleratorStatus kvm) {
    String reason = kvm.reason();
    String message = kvm.message();
    conditions.add(
        "KvmUsable",
        kvm.usable(),
        reason == null ? "Unknown" : reason,
        message == null ? "" : message);
  }

  private List<PoolStatus> poolStatuses(HypervisorNode node) {
    HostLeases leases = leases();
    Map<String, String> labels = node.getMetadata().getLabels();
    List<PoolStatus> statuses = new ArrayList<>();
    for (StoragePool pool : controlPlane.pools()) {
      Map<String, String> selector = pool.getSpec().nodeSelector();
      if (selector != null
          && (labels == null || !labels.entrySet().containsAll(selector.entrySet()))) {
        continue;
      }
      statuses.add(poolStatus(pool, leases));
    }
    statuses.sort(Comparator.comparing(PoolStatus::name));
    return statuses;
  }

  private HostLeases leases() {
    try {
      return host.leases().leases();
    } catch (HostException e) {
      LOG.warn("the leases of this host are not known: {}", e.getMessage());
      return HostLeases.NONE;
    }
  }

  private PoolStatus poolStatus(StoragePool pool, HostLeases leases) {
    String name = pool.getMetadata().getName();
    HypervisorNodeStatus.Lockspace lockspace =
        controlPlane
            .lockspace(pool)
            .map(
                wanted ->
                    LockspaceStatus.of(
                        wanted,
                        leases.lockspaces().get(wanted.name()),
                        lockspaces.failure(wanted.name())))
            .orElse(null);
    try {
      long bytes = pools.prepare(pool.getSpec().dir().path());
      return new PoolStatus(name, true, "Usable", "disks can be made there", bytes, lockspace);
    } catch (HostException e) {
      LOG.warn("storage pool {}: {}", name, e.getMessage());
      return new PoolStatus(name, false, e.reason(), InstanceStatus.message(e), null, lockspace);
    }
  }

  /** Renews the node's Lease. */
  void heartbeat() {
    var lease =
        new LeaseBuilder()
            .withNewMetadata()
            .withName(nodeName)
            .withNamespace(Holdfast.SYSTEM_NAMESPACE)
            .endMetadata()
            .withNewSpec()
            .withHolderIdentity(nodeName)
            .withLeaseDurationSeconds(40)
            .withRenewTime(ZonedDateTime.ofInstant(clock.instant(), ZoneOffset.UTC))
            .endSpec()
            .build();
    try {
      client
          .resource(lease)
          .patch(
              new PatchContext.Builder()
                  .withPatchType(PatchType.SERVER_SIDE_APPLY)
                  .withFieldManager(Holdfast.NODE_AGENT_FIELD_MANAGER)
                  .withForce(true)
                  .build());
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        LOG.warn(
            "cannot renew the Lease of this node: namespace {} is missing; install the CRDs and"
                + " namespace of Holdfast first",
            Holdfast.SYSTEM_NAMESPACE);
      } else {
        LOG.warn("cannot renew the Lease of this node: {}", e.getMessage());
      }
    }
  }
}
