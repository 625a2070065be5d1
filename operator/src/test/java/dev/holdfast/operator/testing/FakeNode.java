package dev.holdfast.operator.testing;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.Accelerator;
import dev.holdfast.crds.machine.Architecture;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.HeldLease;
import dev.holdfast.crds.machine.VirtualMachineInstanceStatus.Phase;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeSpec;
import dev.holdfast.crds.node.HypervisorNodeStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.AcceleratorStatus;
import dev.holdfast.crds.node.HypervisorNodeStatus.Lockspace;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskInstanceStatus;
import dev.holdfast.operator.status.ObjectWriter;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays a node's agent towards the API server: describes the node, keeps its heartbeat, and says of
 * every instance bound to it that it is as it should be, unless a test has it say something else.
 */
public final class FakeNode implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FakeNode.class);
  private static final PatchContext APPLY =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager(Holdfast.NODE_AGENT_FIELD_MANAGER)
          .withForce(true)
          .build();

  private final KubernetesClient client;
  private final String name;
  private final String pool;
  private final long memory;
  private final @Nullable FakeKeeper keeper;
  private final ScheduledExecutorService agent = Executors.newSingleThreadScheduledExecutor();
  private final SharedIndexInformer<VirtualMachineInstance> instances;
  private final SharedIndexInformer<VirtualDiskInstance> disks;
  private final Map<String, String> failures = new ConcurrentHashMap<>();
  private final ScheduledFuture<?> heartbeat;
  private volatile boolean started;
  private volatile boolean beating = true;
  private volatile boolean stopsGuests = true;
  private volatile boolean makesDisks = true;
  private volatile boolean deletesDisks = true;
  private @Nullable Lockspace described;

  private FakeNode(
      KubernetesClient client,
      String name,
      Map<String, String> labels,
      String pool,
      long memory,
      @Nullable FakeKeeper keeper) {
    this.client = client;
    this.name = name;
    this.pool = pool;
    this.memory = memory;
    this.keeper = keeper;
    register(labels);
    describe(null);
    beat();
    instances =
        client
            .resources(VirtualMachineInstance.class)
            .inAnyNamespace()
            .withField("spec.nodeName", name)
            .inform(handler());
    disks =
        client
            .resources(VirtualDiskInstance.class)
            .inAnyNamespace()
            .withField("spec.nodeName", name)
            .inform(handler());
    // Serves again also what was not served because a write failed.
    heartbeat =
        agent.scheduleAtFixedRate(
            () -> {
              try {
                beat();
                rejoin();
              } catch (KubernetesClientException e) {
                LOG.info("{} tries again: {}", name, e.getMessage());
              }
              resync();
            },
            500,
            500,
            TimeUnit.MILLISECONDS);
    started = true;
    resync();
  }

  /**
   * Starts a node with 8 CPUs.
   *
   * @param pool the only StoragePool that the node can use
   * @param memory of the host in bytes
   */
  public static FakeNode start(
      KubernetesClient client, String name, Map<String, String> labels, String pool, long memory) {
    return new FakeNode(client, name, labels, pool, memory, null);
  }

  /** Starts a node that holds sanlock leases by that keeper. */
  public static FakeNode start(
      KubernetesClient client,
      String name,
      Map<String, String> labels,
      String pool,
      long memory,
      FakeKeeper keeper) {
    return new FakeNode(client, name, labels, pool, memory, keeper);
  }

  public String name() {
    return name;
  }

  /** The agent gives no sign of life any more, and does nothing. */
  public void loseContact() {
    beating = false;
  }

  public void regainContact() {
    beating = true;
    resync();
  }

  /** From now on QEMU of that machine ends at once with that output. */
  public void failMachine(String machine, String output) {
    failures.put(machine, output);
    resync();
  }

  /** Guests that are to be stopped go on running. */
  public void keepGuests() {
    stopsGuests = false;
  }

  /** Images that are to be made are not made any more. */
  public void stopMakingDisks() {
    makesDisks = false;
  }

  /** Images that are to be deleted stay. */
  public void keepDeletedDisks() {
    deletesDisks = false;
  }

  public void letDisksGo() {
    deletesDisks = true;
    resync();
  }

  public void letGuestsGo() {
    stopsGuests = true;
    resync();
  }

  @Override
  public void close() {
    heartbeat.cancel(false);
    instances.close();
    disks.close();
    agent.shutdownNow();
    client.resources(HypervisorNode.class).withName(name).delete();
    client.leases().inNamespace(Holdfast.SYSTEM_NAMESPACE).withName(name).delete();
  }

  private void register(Map<String, String> labels) {
    HypervisorNode node = new HypervisorNode();
    node.setMetadata(new ObjectMetaBuilder().withName(name).withLabels(labels).build());
    node.setSpec(new HypervisorNodeSpec(false, null));
    client.resource(node).create();
  }

  private void rejoin() {
    if (keeper == null || !beating) {
      return;
    }
    StoragePool now = client.resources(StoragePool.class).withName(pool).get();
    Lockspace view = FakeKeeper.hasLockspace(now) ? keeper.join(now, name) : null;
    if (!Objects.equals(view, described)) {
      describe(view);
      described = view;
    }
  }

  private void describe(@Nullable Lockspace lockspace) {
    HypervisorNode node = new HypervisorNode();
    node.setMetadata(new ObjectMetaBuilder().withName(name).build());
    node.setStatus(
        new HypervisorNodeStatus(
            1L,
            Architecture.X86_64,
            8,
            memory,
            "6.1.0",
            "0.1.0",
            "7.2.0",
            List.of("pc-q35-7.2", "pc-q35-7.1"),
            List.of(
                new AcceleratorStatus(
                    Accelerator.KVM, false, "ProbeFailed", "The probe guest hung.", null, null),
                new AcceleratorStatus(
                    Accelerator.TCG, true, "ProbeSucceeded", "", "max", List.of("max", "qemu64"))),
            List.of(new PoolStatus(pool, true, "Usable", "", 100L << 30, lockspace)),
            null));
    client.resource(node).subresource("status").patch(APPLY, node);
  }

  private void beat() {
    if (!beating) {
      return;
    }
    ZonedDateTime now = Instant.now().atZone(ZoneOffset.UTC);
    Lease lease =
        new LeaseBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace(Holdfast.SYSTEM_NAMESPACE)
            .endMetadata()
            .withNewSpec()
            .withHolderIdentity(name)
            .withLeaseDurationSeconds(40)
            .withRenewTime(now)
            .endSpec()
            .build();
    client.resource(lease).patch(APPLY, lease);
  }

  private <T extends HasMetadata> ResourceEventHandler<T> handler() {
    return new ResourceEventHandler<>() {
      @Override
      public void onAdd(T object) {
        resync();
      }

      @Override
      public void onUpdate(T before, T after) {
        resync();
      }

      @Override
      public void onDelete(T object, boolean finalStateUnknown) {}
    };
  }

  private void resync() {
    if (!started || agent.isShutdown()) {
      return;
    }
    agent.execute(
        () -> {
          try {
            if (beating) {
              disks.getStore().list().forEach(this::serve);
              instances.getStore().list().forEach(this::serve);
            }
          } catch (KubernetesClientException e) {
            LOG.info("{} tries again: {}", name, e.getMessage());
          }
        });
  }

  private void serve(VirtualMachineInstance instance) {
    if (instance.getMetadata().getDeletionTimestamp() != null) {
      if (stopsGuests) {
        if (keeper != null) {
          keeper.release(instance);
        }
        release(instance);
      }
      return;
    }
    VirtualMachineInstanceStatus before = instance.getStatus();
    List<HeldLease> held =
        keeper == null
            ? List.of()
            : keeper.acquire(instance, before == null ? List.of() : before.leasesOrEmpty());
    long generation = instance.getMetadata().getGeneration();
    String failure = failures.get(instance.getMetadata().getName());
    Phase phase =
        failure != null
            ? Phase.CRASH_LOOP_BACK_OFF
            : held == null
                ? Phase.PENDING
                : instance.getSpec().paused() ? Phase.PAUSED : Phase.RUNNING;
    Conditions conditions =
        new Conditions(before == null ? null : before.conditions(), generation, Instant.now());
    conditions.add(
        Condition.READY,
        failure == null && held != null,
        failure == null ? "Running" : "QemuFailed",
        failure == null ? "" : failure);
    if (keeper != null) {
      conditions.add(
          "LeasesHeld", held != null, held == null ? "LeaseHeld" : "Held", "As the storage says.");
    }
    VirtualMachineInstanceStatus after =
        new VirtualMachineInstanceStatus(
            generation,
            phase,
            null,
            0,
            4711L,
            "7.2.0",
            held == null || held.isEmpty() ? null : held,
            conditions.toList());
    if (!after.equals(before)) {
      VirtualMachineInstance fresh = ObjectWriter.identify(new VirtualMachineInstance(), instance);
      fresh.setStatus(after);
      client.resource(fresh).subresource("status").patch(APPLY, fresh);
    }
  }

  private void serve(VirtualDiskInstance disk) {
    if (disk.getMetadata().getDeletionTimestamp() != null) {
      if (deletesDisks) {
        release(disk);
      }
      return;
    }
    VirtualDiskInstanceStatus before = disk.getStatus();
    if (makesDisks && (before == null || before.phase() != VirtualDiskInstanceStatus.Phase.READY)) {
      VirtualDiskInstance fresh = ObjectWriter.identify(new VirtualDiskInstance(), disk);
      fresh.setStatus(
          new VirtualDiskInstanceStatus(
              disk.getMetadata().getGeneration(),
              VirtualDiskInstanceStatus.Phase.READY,
              null,
              null));
      client.resource(fresh).subresource("status").patch(APPLY, fresh);
    }
  }

  private void release(HasMetadata object) {
    @Nullable HasMetadata now = client.resource(object).get();
    if (now != null
        && Objects.equals(now.getFinalizers(), List.of(Holdfast.NODE_AGENT_FINALIZER))) {
      client
          .resource(now)
          .patch(
              new PatchContext.Builder().withPatchType(PatchType.JSON_MERGE).build(),
              "{\"metadata\":{\"finalizers\":null}}");
    }
  }
}
