package dev.holdfast.operator.pool;

import dev.holdfast.crds.Condition;
import dev.holdfast.crds.Conditions;
import dev.holdfast.crds.Holdfast;
import dev.holdfast.crds.node.HypervisorNode;
import dev.holdfast.crds.node.HypervisorNodeStatus.PoolStatus;
import dev.holdfast.crds.storage.StoragePool;
import dev.holdfast.crds.storage.StoragePoolStatus;
import dev.holdfast.operator.cache.ClusterCache;
import dev.holdfast.operator.status.ObjectWriter;
import dev.holdfast.operator.status.Reason;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Sums up what the nodes say about a pool. */
@ControllerConfiguration(
    name = "storagepools",
    fieldManager = Holdfast.OPERATOR_FIELD_MANAGER,
    informer = @Informer)
public final class StoragePoolReconciler implements Reconciler<StoragePool> {
  /** Nodes whose troubles are told in one condition. */
  private static final int TOLD_TROUBLES = 5;

  private final SimpleInboundEventSource<StoragePool> source =
      new SimpleInboundEventSource<>("nodes");
  private final ClusterCache cluster;
  private final Clock clock;

  public StoragePoolReconciler(ClusterCache cluster, Clock clock) {
    this.cluster = cluster;
    this.clock = clock;
    cluster.nodes().onChange(this::nodeChanged);
  }

  @Override
  public List<EventSource<?, StoragePool>> prepareEventSources(
      EventSourceContext<StoragePool> context) {
    return List.of(source);
  }

  @Override
  public UpdateControl<StoragePool> reconcile(StoragePool pool, Context<StoragePool> context) {
    var _ = ObjectWriter.writeStatus(pool, new StoragePool(), evaluate(pool), context);
    return UpdateControl.noUpdate();
  }

  private StoragePoolStatus evaluate(StoragePool pool) {
    int usable = 0;
    List<String> troubles = new ArrayList<>();
    for (HypervisorNode node : cluster.nodes().all()) {
      for (PoolStatus view : poolsOf(node)) {
        if (!view.name().equals(pool.getMetadata().getName())) {
          continue;
        }
        if (view.usable()) {
          usable++;
        } else {
          troubles.add(
              node.getMetadata().getName()
                  + ": "
                  + (view.message() == null ? view.reason() : view.message()));
        }
      }
    }
    StoragePoolStatus before = pool.getStatus();
    Conditions conditions =
        new Conditions(
            before == null ? null : before.conditions(),
            pool.getMetadata().getGeneration(),
            clock.instant());
    if (usable > 0) {
      conditions.add(
          Condition.READY,
          true,
          Reason.USABLE.text(),
          usable == 1 ? "1 node can use the pool." : usable + " nodes can use the pool.");
    } else {
      String message = "No node can use the pool" + tell(troubles);
      conditions.add(Condition.READY, false, Reason.NO_USABLE_NODE.text(), message);
      conditions.add(Condition.RECONCILING, true, Reason.NO_USABLE_NODE.text(), message);
    }
    return new StoragePoolStatus(
        pool.getMetadata().getGeneration(), usable, null, null, conditions.toList());
  }

  private static String tell(List<String> troubles) {
    if (troubles.isEmpty()) {
      return ": none has reported about it. Check nodeSelector and that a node agent runs.";
    }
    return ". "
        + troubles.stream().sorted().limit(TOLD_TROUBLES).collect(Collectors.joining("; "))
        + (troubles.size() > TOLD_TROUBLES
            ? "; and " + (troubles.size() - TOLD_TROUBLES) + " more"
            : "");
  }

  private void nodeChanged(@Nullable HypervisorNode before, @Nullable HypervisorNode after) {
    if (before == null || after == null || !poolsOf(before).equals(poolsOf(after))) {
      cluster.pools().all().forEach(p -> source.propagateEvent(ResourceID.fromResource(p)));
    }
  }

  private static List<PoolStatus> poolsOf(HypervisorNode node) {
    return node.getStatus() == null || node.getStatus().pools() == null
        ? List.of()
        : node.getStatus().pools();
  }
}
