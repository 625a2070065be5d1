package dev.holdfast.operator.disk;

import static dev.holdfast.operator.status.Metadata.isOwnedBy;
import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskStatus;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.disk.DiskStatusAggregator.Obstacle;
import dev.holdfast.operator.disk.DiskStatusAggregator.Situation;
import dev.holdfast.operator.node.NodeMonitor;
import dev.holdfast.operator.status.EventDraft;
import dev.holdfast.operator.status.EventRecorder;
import dev.holdfast.operator.status.ObjectWriter;
import dev.holdfast.operator.status.Reason;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Binds every disk to a node once, and holds it back while a machine has it attached. */
@ControllerConfiguration(
    name = "virtualdisks",
    finalizerName = Holdfast.OPERATOR_FINALIZER,
    fieldManager = Holdfast.OPERATOR_FIELD_MANAGER,
    informer = @Informer)
public final class VirtualDiskReconciler implements Reconciler<VirtualDisk>, Cleaner<VirtualDisk> {
  private final ObjectWriter writer;
  private final ClusterCache cluster;
  private final EventRecorder events;
  private final Clock clock;
  private final DiskTriggers triggers;
  private final DiskBinder binder;

  public VirtualDiskReconciler(
      KubernetesClient client,
      ClusterCache cluster,
      NodeMonitor monitor,
      EventRecorder events,
      Clock clock) {
    this.writer = new ObjectWriter(client);
    this.cluster = cluster;
    this.events = events;
    this.clock = clock;
    this.triggers = new DiskTriggers(cluster, monitor);
    this.binder = new DiskBinder(client, cluster, monitor);
  }

  @Override
  public List<EventSource<?, VirtualDisk>> prepareEventSources(
      EventSourceContext<VirtualDisk> context) {
    return List.of(triggers.source());
  }

  @Override
  public UpdateControl<VirtualDisk> reconcile(VirtualDisk disk, Context<VirtualDisk> context) {
    report(converge(disk), context);
    return UpdateControl.noUpdate();
  }

  @Override
  public DeleteControl cleanup(VirtualDisk disk, Context<VirtualDisk> context) {
    triggers.stopWaiting(disk);
    VirtualDiskInstance instance = find(disk);
    String usedBy = usedBy(disk);
    if (usedBy == null) {
      if (instance == null || !isOwnedBy(instance, disk)) {
        return DeleteControl.defaultDelete();
      }
      writer.deleteOnce(withReclaimPolicy(instance, disk.getSpec().reclaimPolicy()));
    }
    report(new Situation(disk, instance, usedBy, null), context);
    return DeleteControl.noFinalizerRemoval();
  }

  private Situation converge(VirtualDisk disk) {
    VirtualDiskInstance instance = find(disk);
    if (instance != null && !isOwnedBy(instance, disk)) {
      triggers.stopWaiting(disk);
      writer.deleteOnce(instance);
      return new Situation(
          disk,
          null,
          null,
          new Obstacle(
              Reason.OLD_INSTANCE_TERMINATING,
              "Waiting for node %s to let go of the deleted disk of the same name."
                  .formatted(instance.getSpec().nodeName())));
    }
    if (instance == null) {
      return bind(disk);
    }
    triggers.stopWaiting(disk);
    return new Situation(
        disk,
        isTerminating(instance)
            ? instance
            : withReclaimPolicy(instance, disk.getSpec().reclaimPolicy()),
        usedBy(disk),
        null);
  }

  private Situation bind(VirtualDisk disk) {
    // Before the decision: a node that appears during it must not be missed.
    triggers.waitForNode(disk);
    String poolName = disk.getSpec().poolRef();
    StoragePool pool = cluster.pools().find(new ResourceID(poolName));
    if (pool == null) {
      return new Situation(
          disk,
          null,
          null,
          new Obstacle(
              Reason.POOL_NOT_FOUND,
              "There is no StoragePool %s. Apply one, or apply the disk with another poolRef."
                  .formatted(poolName)));
    }
    VirtualDiskInstance instance = binder.bind(disk, pool);
    if (instance == null) {
      return new Situation(
          disk,
          null,
          null,
          new Obstacle(
              Reason.NO_USABLE_NODE,
              "No node that is alive and not in maintenance can use StoragePool %s. Its conditions say why."
                  .formatted(poolName)));
    }
    triggers.stopWaiting(disk);
    return new Situation(disk, instance, usedBy(disk), null);
  }

  private VirtualDiskInstance withReclaimPolicy(
      VirtualDiskInstance instance, ReclaimPolicy policy) {
    if (instance.getSpec().reclaimPolicy() == policy) {
      return instance;
    }
    return writer.changeSpec(instance, Map.of("reclaimPolicy", policy));
  }

  private @Nullable String usedBy(VirtualDisk disk) {
    List<VirtualMachineInstance> users =
        cluster
            .instances()
            .withIndex(
                ClusterCache.BY_DISK,
                ClusterCache.key(disk.getMetadata().getNamespace(), disk.getMetadata().getName()));
    return users.isEmpty() ? null : users.getFirst().getMetadata().getName();
  }

  private void report(Situation situation, Context<VirtualDisk> context) {
    VirtualDisk disk = situation.disk();
    VirtualDiskStatus before = disk.getStatus();
    VirtualDiskStatus after = DiskStatusAggregator.evaluate(situation, clock.instant());
    boolean written = ObjectWriter.writeStatus(disk, new VirtualDisk(), after, context);
    boolean trouble =
        situation.obstacle() != null || Condition.isTrue(after.conditions(), Condition.STALLED);
    if (written && trouble) {
      events.record(
          disk,
          EventDraft.troubleBetween(
              before == null ? null : before.conditions(), after.conditions()));
    }
  }

  private @Nullable VirtualDiskInstance find(VirtualDisk disk) {
    return cluster.diskInstances().find(ResourceID.fromResource(disk));
  }
}
