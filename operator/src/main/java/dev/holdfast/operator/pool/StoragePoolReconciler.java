package dev.holdfast.operator.pool;

import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolStatus;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.lease.Lockspaces;
import dev.holdfast.operator.lease.PoolLockspace;
import dev.holdfast.operator.node.NodeMonitor;
import dev.holdfast.operator.status.EventRecorder;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.PrimaryUpdateAndCacheUtils;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.time.Clock;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Gives the nodes of a pool their host ids, and sums up what they say about it. */
@ControllerConfiguration(
    name = "storagepools",
    fieldManager = Holdfast.OPERATOR_FIELD_MANAGER,
    informer = @Informer)
public final class StoragePoolReconciler implements Reconciler<StoragePool> {
  private final SimpleInboundEventSource<StoragePool> source =
      new SimpleInboundEventSource<>("nodes");
  private final ClusterCache cluster;
  private final EventRecorder events;
  private final PoolAssessor assessor;

  public StoragePoolReconciler(
      ClusterCache cluster, NodeMonitor monitor, EventRecorder events, Clock clock) {
    this.cluster = cluster;
    this.events = events;
    this.assessor = new PoolAssessor(cluster, new Lockspaces(cluster, monitor), clock);
    cluster.nodes().onChange(this::nodeChanged);
    cluster.pools().onChange(this::poolChanged);
  }

  @Override
  public List<EventSource<?, StoragePool>> prepareEventSources(
      EventSourceContext<StoragePool> context) {
    return List.of(source);
  }

  @Override
  public UpdateControl<StoragePool> reconcile(StoragePool pool, Context<StoragePool> context) {
    StoragePoolStatus before = pool.getStatus();
    if (assessor.evaluate(pool).equals(before)) {
      return UpdateControl.noUpdate();
    }
    // Host ids are given out here: the status is replaced only if it is still the one that the
    // decision was made on, and else decided again. Applying it would merge what two operators say.
    StoragePool written =
        PrimaryUpdateAndCacheUtils.updateStatusAndCacheResource(
            pool,
            context,
            fresh -> {
              fresh.setStatus(assessor.evaluate(fresh));
              return fresh;
            });
    events.record(
        written,
        PoolAssessor.warnings(
            before == null ? null : before.conditions(), written.getStatus().conditions()));
    return UpdateControl.noUpdate();
  }

  // One pool less may be what another one was waiting for to have the lockspace of that name.
  private void poolChanged(@Nullable StoragePool before, @Nullable StoragePool after) {
    if (before != null && after == null) {
      cluster.pools().all().stream()
          .filter(
              other -> PoolLockspace.of(other, List.of(before)) instanceof PoolLockspace.TakenBy)
          .forEach(other -> source.propagateEvent(ResourceID.fromResource(other)));
    }
  }

  private void nodeChanged(@Nullable HypervisorNode before, @Nullable HypervisorNode after) {
    if (before == null
        || after == null
        || !Objects.equals(before.getMetadata().getLabels(), after.getMetadata().getLabels())) {
      cluster.pools().all().forEach(pool -> source.propagateEvent(ResourceID.fromResource(pool)));
      return;
    }
    Map<String, Object> old = new HashMap<>();
    Map<String, Object> now = new HashMap<>();
    Lockspaces.viewsOf(before).forEach(view -> old.put(view.name(), view));
    Lockspaces.viewsOf(after).forEach(view -> now.put(view.name(), view));
    Set<String> names = new HashSet<>(old.keySet());
    names.addAll(now.keySet());
    names.stream()
        .filter(name -> !Objects.equals(old.get(name), now.get(name)))
        .forEach(name -> source.propagateEvent(new ResourceID(name)));
  }
}
