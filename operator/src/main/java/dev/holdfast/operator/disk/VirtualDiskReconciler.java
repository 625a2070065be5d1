package dev.holdfast.operator.disk;

import static dev.holdfast.operator.status.Metadata.isOwnedBy;
import static dev.holdfast.operator.status.Metadata.isTerminating;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.machine.VirtualMachineInstance;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.storage.ReclaimPolicy;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolSpec.Backend;
import dev.holdfast.crds.storage.VirtualDisk;
import dev.holdfast.crds.storage.VirtualDiskInstance;
import dev.holdfast.crds.storage.VirtualDiskStatus;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.cache.UserIds;
import dev.holdfast.operator.disk.DiskStatusAggregator.Obstacle;
import dev.holdfast.operator.disk.DiskStatusAggregator.Situation;
import dev.holdfast.operator.identity.Identity;
import dev.holdfast.operator.lease.LeaseAreas;
import dev.holdfast.operator.lease.LeaseClaims;
import dev.holdfast.operator.lease.Lockspaces;
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
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Binds every disk to the node that makes its image, and holds it back while machines have it
 * attached.
 */
@ControllerConfiguration(
    name = "virtualdisks",
    finalizerName = Holdfast.OPERATOR_FINALIZER,
    fieldManager = Holdfast.OPERATOR_FIELD_MANAGER,
    informer = @Informer)
public final class VirtualDiskReconciler implements Reconciler<VirtualDisk>, Cleaner<VirtualDisk> {
  private final ObjectWriter writer;
  private final ClusterCache cluster;
  private final NodeMonitor monitor;
  private final EventRecorder events;
  private final Clock clock;
  private final DiskTriggers triggers;
  private final DiskBinder binder;
  private final DiskUsers users;

  public VirtualDiskReconciler(
      KubernetesClient client,
      ClusterCache cluster,
      NodeMonitor monitor,
      Identity identity,
      UserIds userIds,
      EventRecorder events,
      Clock clock) {
    this.writer = new ObjectWriter(client);
    this.cluster = cluster;
    this.monitor = monitor;
    this.events = events;
    this.clock = clock;
    Lockspaces lockspaces = new Lockspaces(cluster, monitor);
    this.triggers = new DiskTriggers(cluster, monitor, lockspaces);
    this.binder = new DiskBinder(client, cluster, monitor, identity, userIds);
    this.users = new DiskUsers(cluster, lockspaces);
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
    VirtualDiskInstance instance = find(disk);
    List<VirtualMachineInstance> attached = users.of(disk);
    if (!attached.isEmpty()) {
      triggers.stopWaiting(disk);
      report(situation(disk, instance, null), context);
      return DeleteControl.noFinalizerRemoval();
    }
    if (instance == null || !isOwnedBy(instance, disk)) {
      return isMoving(disk) ? deleteElsewhere(disk, context) : forget(disk);
    }
    triggers.stopWaiting(disk);
    switch (relocation(instance, true)) {
      case STAY -> {
        writer.deleteOnce(withReclaimPolicy(instance, disk.getSpec().reclaimPolicy()));
        report(situation(disk, instance, null), context);
      }
      case RELEASE -> {
        writer.release(instance);
        report(situation(disk, instance, null), context);
      }
      case MOVE -> {
        // Written first: once the instance is gone, nothing else tells that the image is not.
        report(situation(disk, instance, moving(instance)), context);
        writer.release(instance);
      }
    }
    return DeleteControl.noFinalizerRemoval();
  }

  private DeleteControl forget(VirtualDisk disk) {
    triggers.stopWaiting(disk);
    return DeleteControl.defaultDelete();
  }

  // The node that was to delete the image is off: another one gets an instance to be deleted.
  private DeleteControl deleteElsewhere(VirtualDisk disk, Context<VirtualDisk> context) {
    Situation bound = bind(disk);
    VirtualDiskInstance instance = bound.instance();
    if (instance == null) {
      Obstacle obstacle = bound.obstacle();
      report(
          situation(
              disk,
              null,
              new Obstacle(
                  Reason.MOVING,
                  "Looking for another node to delete the image."
                      + (obstacle == null ? "" : " " + obstacle.message()))),
          context);
      return DeleteControl.noFinalizerRemoval();
    }
    writer.deleteOnce(instance);
    report(situation(disk, instance, null), context);
    return DeleteControl.noFinalizerRemoval();
  }

  private static boolean isMoving(VirtualDisk disk) {
    VirtualDiskStatus status = disk.getStatus();
    Condition ready = status == null ? null : Condition.find(status.conditions(), Condition.READY);
    return ready != null && ready.reason().equals(Reason.MOVING.text());
  }

  private static Obstacle moving(VirtualDiskInstance instance) {
    return new Obstacle(
        Reason.MOVING,
        "Node %s is lost; another one is asked instead.".formatted(instance.getSpec().nodeName()));
  }

  private Situation converge(VirtualDisk disk) {
    VirtualDiskInstance instance = find(disk);
    if (instance != null && !isOwnedBy(instance, disk)) {
      return waitForOldInstance(disk, instance);
    }
    if (instance == null) {
      return bind(disk);
    }
    triggers.stopWaiting(disk);
    if (relocation(instance, false) != Relocation.STAY) {
      writer.release(instance);
      return situation(disk, instance, null);
    }
    VirtualDiskInstance current =
        isTerminating(instance)
            ? instance
            : withLease(disk, withReclaimPolicy(instance, disk.getSpec().reclaimPolicy()));
    Optional<String> owner = LeaseClaims.olderThan(cluster, current);
    return situation(disk, current, owner.map(DiskBinder::leaseInUse).orElse(null));
  }

  // Left over from a deleted disk of the same name: it ends before ours can begin.
  private Situation waitForOldInstance(VirtualDisk disk, VirtualDiskInstance old) {
    triggers.stopWaiting(disk);
    if (relocation(old, true) == Relocation.RELEASE) {
      writer.release(old);
    } else {
      writer.deleteOnce(old);
    }
    return situation(
        disk,
        null,
        new Obstacle(
            Reason.OLD_INSTANCE_TERMINATING,
            "Waiting for node %s to let go of the deleted disk of the same name."
                .formatted(old.getSpec().nodeName())));
  }

  private Situation bind(VirtualDisk disk) {
    // Before the decision: a node that appears during it must not be missed.
    triggers.waitForNode(disk);
    String poolName = disk.getSpec().poolRef();
    StoragePool pool = cluster.pools().find(new ResourceID(poolName));
    if (pool == null) {
      return situation(
          disk,
          null,
          new Obstacle(
              Reason.POOL_NOT_FOUND,
              "There is no StoragePool %s. Apply one, or apply the disk with another poolRef."
                  .formatted(poolName)));
    }
    return switch (binder.bind(disk, pool)) {
      case DiskBinder.Outcome.Refused(Obstacle obstacle) -> situation(disk, null, obstacle);
      case DiskBinder.Outcome.Created(VirtualDiskInstance instance) -> {
        triggers.stopWaiting(disk);
        yield situation(disk, instance, null);
      }
    };
  }

  private Relocation relocation(VirtualDiskInstance instance, boolean deleted) {
    String nodeName = instance.getSpec().nodeName();
    HypervisorNode node = cluster.nodes().find(new ResourceID(nodeName));
    StoragePool pool = cluster.pools().find(new ResourceID(instance.getSpec().poolName()));
    return Relocation.of(instance, pool, node, monitor.isHealthy(nodeName), deleted);
  }

  private VirtualDiskInstance withReclaimPolicy(
      VirtualDiskInstance instance, ReclaimPolicy policy) {
    if (instance.getSpec().reclaimPolicy() == policy) {
      return instance;
    }
    return writer.changeSpec(instance, Map.of("reclaimPolicy", policy));
  }

  // Instances from before there were leases have none; their pools have locks by default.
  private VirtualDiskInstance withLease(VirtualDisk disk, VirtualDiskInstance instance) {
    StoragePool pool = cluster.pools().find(new ResourceID(instance.getSpec().poolName()));
    if (instance.getSpec().lease() != null
        || pool == null
        || pool.getSpec().leases().backend() != Backend.OFD) {
      return instance;
    }
    return writer.changeSpec(instance, Map.of("lease", LeaseAreas.ofd(disk, pool)));
  }

  private Situation situation(
      VirtualDisk disk, @Nullable VirtualDiskInstance instance, @Nullable Obstacle obstacle) {
    List<VirtualMachineInstance> attached = users.of(disk);
    return new Situation(disk, instance, attached, users.holders(disk, attached), obstacle);
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
